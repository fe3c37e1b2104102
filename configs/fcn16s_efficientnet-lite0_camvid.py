# FCN-16s on CamVid, from EfficientNet-Lite0's ImageNet weights.
# Mean IU on val 66.2 ± 0.4, on test 58.7 ± 0.8, 3 seeds; 13 minutes of one CPU core (docs/results.md).
#   make camvid CAMVID=DIR
_base_ = "fcn8s_efficientnet-lite0_camvid.py"
model = dict(decode_head=dict(streams=("fr", "pool4")))
