# FCN-16s on PASCAL VOC 2012, from EfficientNet-Lite0's ImageNet weights. Not trained here: no score.
#   python tools/train.py configs/fcn16s_efficientnet-lite0_voc.py
_base_ = "fcn8s_efficientnet-lite0_voc.py"
model = dict(decode_head=dict(streams=("fr", "pool4")))
