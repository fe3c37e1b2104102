# VGG16 with batch norm and narrow fully connected layers: trains from scratch.
_base_ = "fcn_vgg16.py"
fc_channels = 1024  # 4096 is ImageNet's width; small data sets without it need less
model = dict(
    backbone=dict(norm_cfg=dict(type="BN")),
    neck=dict(fc_channels=fc_channels),
    decode_head=dict(in_channels=dict(fr=fc_channels)),
)
