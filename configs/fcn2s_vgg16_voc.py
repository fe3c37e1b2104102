# FCN-2s on PASCAL VOC 2012, from torchvision's ImageNet VGG16: skips of all pools. Not trained here: no score.
#   python tools/train.py configs/fcn2s_vgg16_voc.py
_base_ = "fcn8s_vgg16_voc.py"
model = dict(
    backbone=dict(out_indices=(0, 1, 2, 3, 4)),
    neck=dict(in_channels=(64, 128, 256, 512, 512)),
    decode_head=dict(
        streams=("fr", "pool4", "pool3", "pool2", "pool1"),
        in_channels=dict(pool2=128, pool1=64),
        strides=dict(pool2=4, pool1=2),
    ),
)
