# DeconvNet on PASCAL VOC 2012, from torchvision's ImageNet VGG16 with fc6 and fc7: unpools as SegNet. Not trained here: no score.
#   python tools/train.py configs/deconvnet_vgg16_voc.py
_base_ = "fcn8s_vgg16_voc.py"
model = dict(
    backbone=dict(_delete_=True, type="IndexedVGG", depth=16),
    neck=dict(_delete_=True, type="FCNUnpoolNeck", in_channels="auto", fc_channels=4096),
    decode_head=dict(streams=("fr",), in_channels="auto", strides="auto"),
)
