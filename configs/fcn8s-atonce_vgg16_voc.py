# FCN-8s trained at once on PASCAL VOC 2012 (PAMI 2016, sec. 4.3).
_base_ = "fcn8s_vgg16_voc.py"
# pool4 and pool3 are larger than fc7: scaled so that all score layers train with one learning rate
model = dict(neck=dict(scales=(1, 0.01, 0.0001)))
