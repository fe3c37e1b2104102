# FCN-8s on CamVid, from scratch, 57 minutes on 2 CPU cores. Mean IU on val 55.5, on test 48.0 (docs/results.md).
#   python tools/train.py configs/fcn8s_vgg16bn_camvid.py --data-root DIR
_base_ = [
    "_base_/models/fcn_vgg16.py",
    "_base_/datasets/camvid.py",
    "_base_/schedules/schedule_40k.py",
    "_base_/default_runtime.py",
]
fc_channels = 1024  # 4096 is ImageNet's width; small data without it needs less
max_iters = 1200
model = dict(
    precision="auto",  # bf16 where the device computes in it
    backbone=dict(norm_cfg=dict(type="BN")),  # a plain VGG16 hardly trains from scratch
    # nothing is pretrained: half of fc7 would be missing in a short run
    neck=dict(fc_channels=fc_channels, dropout_ratio=0.1),
    decode_head=dict(
        in_channels=dict(fr=fc_channels),
        num_classes=11,
        loss_decode=dict(
            # square root of (median share / share of the class) in the train split: poles and signs are 1 % of the pixels
            class_weight=[0.52, 0.44, 2.14, 0.38, 1.0, 0.68, 1.96, 2.0, 0.87, 2.65, 3.92],
        ),
    ),
)
train_cfg = dict(max_iters=max_iters, val_interval=200)
optim_wrapper = dict(optimizer=dict(_delete_=True, type="AdamW", lr=1e-3, weight_decay=0.02, fused=True))
param_scheduler = [
    dict(type="LinearLR", start_factor=0.05, begin=0, end=50, by_epoch=False),
    dict(type="PolyLR", eta_min=1e-6, power=0.9, begin=50, end=max_iters, by_epoch=False),
]
default_hooks = dict(logger=dict(interval=25), checkpoint=dict(interval=200))
