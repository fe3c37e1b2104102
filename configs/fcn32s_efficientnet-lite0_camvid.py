# FCN-32s on CamVid, from EfficientNet-Lite0's ImageNet weights.
# Mean IU on val 59.9 ± 0.2, on test 53.5 ± 0.7, 3 seeds; 13 minutes of one CPU core (docs/results.md).
#   make camvid CAMVID=DIR
_base_ = "fcn8s_efficientnet-lite0_camvid.py"
model = dict(decode_head=dict(streams=("fr",)))
