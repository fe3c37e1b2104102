# FCN-32s on CamVid, from EfficientNet-Lite0's ImageNet weights.
#   make camvid CAMVID=DIR
_base_ = "fcn8s_efficientnet-lite0_camvid.py"
model = dict(decode_head=dict(streams=("fr",)))
