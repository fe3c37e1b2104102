# FCN-32s on GoogLeNet: scores on the last inception output, without the average pooling (CVPR 2015, sec. 4.1).
_base_ = "fcn_vgg16.py"
# torchvision's GoogLeNet was trained on RGB from -1 to 1, unlike its other nets
data_preprocessor = dict(mean=[127.5, 127.5, 127.5], std=[127.5, 127.5, 127.5])
model = dict(
    data_preprocessor=data_preprocessor,
    backbone=dict(_delete_=True, type="GoogLeNet", style="torchvision", out_indices=(2,)),  # inception5b
    neck=dict(in_channels=(1024,), fc_channels=None, scales=(1,), dropout_ratio=0.4),
    decode_head=dict(streams=("fr",), in_channels=dict(_delete_=True, fr=1024), strides=dict(_delete_=True, fr=32)),
)
