# FCN-4s on CamVid, from EfficientNet-Lite0's ImageNet weights: FCN-8s with the skip at stride 4.
# Mean IU on val 68.5, on test 60.8 (means of 3 seeds); 14 minutes of one CPU core on a shared machine (docs/results.md).
#   python tools/train.py configs/fcn4s_efficientnet-lite0_camvid.py --data-root DIR
_base_ = "fcn8s_efficientnet-lite0_camvid.py"
model = dict(
    backbone=dict(strides=(4, 8, 16, 32)),
    decode_head=dict(streams=("fr", "pool4", "pool3", "pool2")),
)
