# FCN-4s on PASCAL VOC 2012, from torchvision's ImageNet VGG16: FCN-8s with the skip of pool2. Not trained here: no score.
#   python tools/train.py configs/fcn4s_vgg16_voc.py
_base_ = "fcn8s_vgg16_voc.py"
model = dict(
    backbone=dict(out_indices=(1, 2, 3, 4)),
    neck=dict(in_channels=(128, 256, 512, 512)),
    decode_head=dict(streams=("fr", "pool4", "pool3", "pool2"), in_channels=dict(pool2=128), strides=dict(pool2=4)),
)
