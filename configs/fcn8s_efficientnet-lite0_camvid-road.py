# FCN-8s for one class of CamVid, the road: one channel with a sigmoid, from EfficientNet-Lite0's ImageNet weights.
# Mean IU on val 93.7 and 93.8, 2 seeds; 4 minutes of one CPU core (docs/labels.md).
#   python tools/train.py configs/fcn8s_efficientnet-lite0_camvid-road.py --data-root DIR
# The pair of channels with a softmax: --cfg-options model.decode_head.out_channels=2 model.decode_head.threshold=None
#   model.decode_head.loss_decode.use_sigmoid=False
_base_ = [
    "_base_/models/fcn_efficientnet-lite0.py",
    "_base_/datasets/camvid.py",
    "_base_/schedules/schedule_20k_adamw.py",
    "_base_/default_runtime.py",
]
class_map = {**dict.fromkeys(range(11), "other"), 3: "road"}
dataset = dict(type="ClassMapDataset", class_map=class_map)
train_dataloader = dict(dataset=dataset)
val_dataloader = dict(dataset=dataset)
test_dataloader = val_dataloader
model = dict(
    decode_head=dict(
        num_classes=2,
        out_channels=1,  # the logit of class 1, "road"
        threshold=0.5,  # probability above which a pixel is road; mmseg's default is 0.3
        loss_decode=dict(use_sigmoid=True),
    )
)
max_iters = 200
train_cfg = dict(max_iters=max_iters, val_interval=100)
param_scheduler = [
    dict(type="LinearLR", start_factor=0.05, begin=0, end=50, by_epoch=False),
    dict(type="PolyLR", eta_min=1e-6, power=0.9, begin=50, end=max_iters, by_epoch=False),
]
default_hooks = dict(
    logger=dict(interval=25),
    checkpoint=dict(interval=100),
    ema=dict(type="EMAHook", momentum=0.1, interval=10, update_buffers=True),  # a mean over some 100 steps
)
del dataset
