# FCN-32s on AlexNet; streams at strides 8 (pool1) and 16 (pool2) are at hand through out_indices.
_base_ = "fcn_vgg16.py"
model = dict(
    backbone=dict(_delete_=True, type="AlexNet", style="torchvision", out_indices=(2,)),  # pool5
    neck=dict(in_channels=(256,), fc6_kernel=6, scales=(1,)),
    decode_head=dict(streams=("fr",), in_channels=dict(_delete_=True, fr=4096), strides=dict(_delete_=True, fr=32)),
)
