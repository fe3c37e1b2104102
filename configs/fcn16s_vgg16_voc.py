# FCN-16s on PASCAL VOC 2012: with the skip from pool4; from torchvision's ImageNet VGG16. Not trained here: no score.
#   python tools/train.py configs/fcn16s_vgg16_voc.py
_base_ = "fcn8s_vgg16_voc.py"
model = dict(decode_head=dict(streams=("fr", "pool4")))
