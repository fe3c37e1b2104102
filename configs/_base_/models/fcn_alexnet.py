# FCN-32s on AlexNet; streams at strides 8 (pool1) and 16 (pool2) are at hand through out_indices.
_base_ = "fcn_vgg16.py"
model = dict(
    backbone=dict(_delete_=True, type="AlexNet", style="torchvision", out_indices=(2,)),  # pool5
    neck=dict(in_channels="auto", fc6_kernel=6),
    decode_head=dict(streams=("fr",), in_channels="auto", strides="auto"),
)
