# SegNet on CamVid, from torchvision's ImageNet VGG16-BN: unpools with the encoder's indices. Not trained here: no score.
#   python tools/train.py configs/segnet_vgg16bn_camvid.py --data-root DIR
_base_ = "fcn8s_vgg16bn_camvid.py"
model = dict(
    pretrained="torchvision://vgg16_bn",  # this name (downloads 528 MB), or the path of the file
    backbone=dict(_delete_=True, type="IndexedVGG", depth=16, norm_cfg=dict(type="BN")),
    neck=dict(_delete_=True, type="FCNUnpoolNeck", in_channels="auto"),
    decode_head=dict(streams=("fr",), in_channels="auto", strides="auto"),
)
