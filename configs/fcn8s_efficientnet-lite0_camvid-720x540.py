# FCN-8s on CamVid enlarged to 720 x 540: a cell of stride 8 covers 5 pixels of a frame. From ImageNet weights: fcn-plugin[lite].
# Mean IU on val 75.0, on test 65.2, one seed; 57 minutes of one CPU core (docs/results.md).
#   python tools/train.py configs/fcn8s_efficientnet-lite0_camvid-720x540.py --data-root DIR
_base_ = "fcn8s_efficientnet-lite0_camvid.py"
max_iters = 2400
scale = (720, 540)
crop_size = (384, 384)
train_pipeline = [
    dict(type="LoadImageFromFile"),
    dict(type="FCNLoadAnnotations"),
    dict(type="RandomResize", scale=scale, ratio_range=(0.6, 1.4), keep_ratio=True),
    dict(type="RandomCrop", crop_size=crop_size),
    dict(type="RandomFlip", prob=0.5),
    dict(type="PhotoMetricDistortion"),
    dict(type="PackSegInputs"),
]
# masks keep their size: scores are interpolated to it
test_pipeline = [
    dict(type="LoadImageFromFile"),
    dict(type="Resize", scale=scale, keep_ratio=True),
    dict(type="FCNLoadAnnotations"),
    dict(type="PackSegInputs"),
]
train_dataloader = dict(batch_size=4, dataset=dict(pipeline=train_pipeline))
val_dataloader = dict(dataset=dict(pipeline=test_pipeline))
test_dataloader = val_dataloader
train_cfg = dict(max_iters=max_iters, val_interval=300)
param_scheduler = [
    dict(type="LinearLR", start_factor=0.05, begin=0, end=50, by_epoch=False),
    dict(type="PolyLR", eta_min=1e-6, power=0.9, begin=50, end=max_iters, by_epoch=False),
]
default_hooks = dict(checkpoint=dict(interval=300))
_base_.tta_pipeline[1].transforms[0] = [
    dict(type="Resize", scale_factor=1.5 * ratio, keep_ratio=True) for ratio in (0.75, 1.0, 1.25)
]
