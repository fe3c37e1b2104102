# DeepLab-LargeFOV's VGG16 on PASCAL VOC 2012: stride 8 by dilation, fc6 3 x 3 from ImageNet's 7 x 7. Not trained here: no score.
#   python tools/train.py configs/deeplab-largefov_vgg16_voc.py
_base_ = "fcn8s_vgg16_voc.py"
model = dict(
    backbone=dict(_delete_=True, type="DilatedVGG", ceil_mode=True),
    fc="subsample",
    neck=dict(in_channels=(512,), fc_channels=1024, fc6_kernel=3, fc6_dilation=12),
    decode_head=dict(streams=("fr",), in_channels=dict(_delete_=True, fr=1024), strides=dict(_delete_=True, fr=8)),
)
