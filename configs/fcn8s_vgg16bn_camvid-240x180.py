# FCN-8s on CamVid at half resolution, from scratch, 10 minutes on 2 CPU cores. Mean IU on val 53.1 ± 0.4, on test 43.7 ± 0.8,
# 3 seeds (docs/results.md).
#   make camvid CAMVID=DIR ON=vgg16bn_camvid-240x180
_base_ = [
    "_base_/models/fcn_vgg16.py",
    "_base_/datasets/camvid.py",
    "_base_/schedules/schedule_40k.py",
    "_base_/default_runtime.py",
]
scale = (240, 180)
fc_channels = 1024  # 4096 is ImageNet's width; small data without it needs less
max_iters = 800
model = dict(
    precision="auto",  # bf16 where the device computes in it
    backbone=dict(norm_cfg=dict(type="BN")),  # a plain VGG16 hardly trains from scratch
    # a crop is 4 x 5 cells of stride 32: most taps of a 7 x 7 fc6 would see padding alone
    neck=dict(fc_channels=fc_channels, fc6_kernel=3, dropout_ratio=0.1),
    decode_head=dict(
        in_channels=dict(fr=fc_channels),
        num_classes=11,
        loss_decode=dict(
            # square root of (median share / share of the class) in the train split: poles and signs are 1 % of the pixels
            class_weight=[0.52, 0.44, 2.14, 0.38, 1.0, 0.68, 1.96, 2.0, 0.87, 2.65, 3.92],
        ),
    ),
)
train_pipeline = [
    dict(type="LoadImageFromFile"),
    dict(type="FCNLoadAnnotations"),
    dict(type="RandomResize", scale=scale, ratio_range=(0.75, 1.5), keep_ratio=True),
    dict(type="RandomCrop", crop_size=(128, 160)),  # multiples of 32: nothing is spent on padding
    dict(type="RandomFlip", prob=0.5),
    dict(type="PhotoMetricDistortion"),
    dict(type="PackSegInputs"),
]
# the image alone is halved: its scores are interpolated to the mask's own 480 x 360
test_pipeline = [
    dict(type="LoadImageFromFile"),
    dict(type="Resize", scale=scale, keep_ratio=True),
    dict(type="FCNLoadAnnotations"),
    dict(type="PackSegInputs"),
]
_base_.tta_pipeline[1].transforms[0] = [
    dict(type="Resize", scale_factor=r, keep_ratio=True) for r in (0.375, 0.5, 0.625)
]
train_dataloader = dict(dataset=dict(pipeline=train_pipeline))
val_dataloader = dict(batch_size=4, dataset=dict(pipeline=test_pipeline))
test_dataloader = val_dataloader
train_cfg = dict(max_iters=max_iters, val_interval=200)
optim_wrapper = dict(optimizer=dict(_delete_=True, type="AdamW", lr=1e-3, weight_decay=0.02, fused=True))
param_scheduler = [
    dict(type="LinearLR", start_factor=0.05, begin=0, end=50, by_epoch=False),
    dict(type="PolyLR", eta_min=1e-6, power=0.9, begin=50, end=max_iters, by_epoch=False),
]
default_hooks = dict(
    logger=dict(interval=25),
    checkpoint=dict(interval=200),
    ema=dict(type="EMAHook", momentum=0.1, interval=10, update_buffers=True),  # a mean over some 100 steps
)
