# FCN-2s on CamVid, from EfficientNet-Lite0's ImageNet weights: skips down to stride 2. Not trained here: no score.
#   python tools/train.py configs/fcn2s_efficientnet-lite0_camvid.py --data-root DIR
_base_ = "fcn8s_efficientnet-lite0_camvid.py"
model = dict(
    backbone=dict(strides=(2, 4, 8, 16, 32)),
    decode_head=dict(streams=("fr", "pool4", "pool3", "pool2", "pool1")),
)
