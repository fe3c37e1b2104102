# FCN-4s on CamVid enlarged to 640 x 480, the best net here for its time. From ImageNet weights: fcn-plugin[lite].
# Mean IU on val 76.5, on test 66.6, one seed; 80 minutes of one CPU core (docs/results.md).
#   python tools/train.py configs/fcn4s_efficientnet-lite0_camvid-640x480.py --data-root DIR
_base_ = "fcn8s_efficientnet-lite0_camvid.py"
max_iters = 3600
resize = dict(type="Resize", scale=(640, 480), keep_ratio=True)
model = dict(backbone=dict(strides=(4, 8, 16, 32)), decode_head=dict(streams=("fr", "pool4", "pool3", "pool2")))
train_dataloader = dict(batch_size=4)
train_cfg = dict(max_iters=max_iters, val_interval=300)
default_hooks = dict(checkpoint=dict(interval=300))
_base_.param_scheduler[1].end = max_iters
_base_.train_dataloader.dataset.pipeline[2].scale = (640, 480)
_base_.train_dataloader.dataset.pipeline[3].crop_size = (352, 352)
_base_.val_dataloader.dataset.pipeline.insert(1, resize)  # masks keep their size: scores are interpolated to it
_base_.test_dataloader.dataset.pipeline.insert(1, resize)
_base_.tta_pipeline[1].transforms[0] = [
    dict(type="Resize", scale_factor=4 / 3 * ratio, keep_ratio=True) for ratio in (0.75, 1.0, 1.25)
]
