# FCN-8s on ResNet-50, as on any backbone of mmpretrain with outputs of strides 8, 16 and 32.
_base_ = "fcn_vgg16.py"
model = dict(
    backbone=dict(_delete_=True, type="mmpretrain.ResNet", depth=50, out_indices=(1, 2, 3)),
    neck=dict(in_channels=(512, 1024, 2048), fc_channels=None, dropout_ratio=0.1),
    decode_head=dict(
        streams=("fr", "layer3", "layer2"),
        in_channels=dict(_delete_=True, fr=2048, layer3=1024, layer2=512),
        strides=dict(_delete_=True, fr=32, layer3=16, layer2=8),
    ),
)
