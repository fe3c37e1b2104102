# FCN-8s on CamVid with EfficientNet-Lite0 dilated to stride 16, from its ImageNet weights. Not trained here: no score.
#   python tools/train.py configs/fcn8s-d16_efficientnet-lite0_camvid.py --data-root DIR
_base_ = "fcn8s_efficientnet-lite0_camvid.py"
model = dict(
    backbone=dict(output_stride=16, strides=(8, 16)),
    decode_head=dict(streams=("fr", "pool3")),
)
