# FCN-8s trained at once on PASCAL VOC 2012 (PAMI 2016, sec. 4.3), from torchvision's ImageNet VGG16. Not trained here: no score.
#   python tools/train.py configs/fcn8s-atonce_vgg16_voc.py
_base_ = "fcn8s_vgg16_voc.py"
# pool4 and pool3 are larger than fc7: scaled so that all score layers train with one learning rate
model = dict(neck=dict(scales=(1, 0.01, 0.0001)))
