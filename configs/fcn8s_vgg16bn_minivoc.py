# FCN-8s on the built-in data, 200 train and 50 val drawings with ten of VOC's classes: VGG16 with batch norm, from scratch,
# 6 to 8 minutes on 2 CPU cores. Mean IU on val 87.6 (docs/results.md).
#   make demo
_base_ = [
    "_base_/models/fcn_vgg16.py",
    "_base_/datasets/minivoc.py",
    "_base_/schedules/schedule_40k.py",
    "_base_/default_runtime.py",
]
_base_.tta_pipeline[1].transforms.pop(0)  # drawings are seen at their own scale
fc_channels = 256  # 4096 is ImageNet's width; small data without it needs less
max_iters = 400
model = dict(
    precision="auto",  # bf16 where the device computes in it
    backbone=dict(norm_cfg=dict(type="BN")),  # a plain VGG16 hardly trains from scratch
    neck=dict(fc_channels=fc_channels, dropout_ratio=0.1),
    decode_head=dict(in_channels=dict(fr=fc_channels)),
)
train_cfg = dict(max_iters=max_iters, val_interval=100)
optim_wrapper = dict(optimizer=dict(_delete_=True, type="AdamW", lr=1e-3, weight_decay=0.01, fused=True))
param_scheduler = [
    dict(type="LinearLR", start_factor=0.1, begin=0, end=20, by_epoch=False),
    dict(type="PolyLR", eta_min=1e-6, power=0.9, begin=20, end=max_iters, by_epoch=False),
]
default_hooks = dict(logger=dict(interval=20), checkpoint=dict(interval=max_iters))
