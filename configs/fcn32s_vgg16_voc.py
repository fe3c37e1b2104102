# FCN-32s on PASCAL VOC 2012: the deepest stream alone.
_base_ = "fcn8s_vgg16_voc.py"
model = dict(decode_head=dict(streams=("fr",)))
