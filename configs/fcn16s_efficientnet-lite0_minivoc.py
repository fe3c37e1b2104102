# FCN-16s on the built-in data, from EfficientNet-Lite0's ImageNet weights. Not trained here: no score.
#   make demo NET=fcn16s_efficientnet-lite0_minivoc
_base_ = "fcn8s_efficientnet-lite0_minivoc.py"
model = dict(decode_head=dict(streams=("fr", "pool4")))
