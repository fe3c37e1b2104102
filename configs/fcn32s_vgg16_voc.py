# FCN-32s on PASCAL VOC 2012: the deepest stream alone; from torchvision's ImageNet VGG16. Not trained here: no score.
#   python tools/train.py configs/fcn32s_vgg16_voc.py
_base_ = "fcn8s_vgg16_voc.py"
model = dict(decode_head=dict(streams=("fr",)))
