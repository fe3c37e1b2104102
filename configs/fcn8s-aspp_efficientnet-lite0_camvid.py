# FCN-8s on CamVid: EfficientNet-Lite0 dilated to stride 16, with an atrous pyramid (ASPP).
# Mean IU on val 65.0, one seed, 2.4 less than FCN-8s after as many steps; 25 minutes of one CPU core (docs/results.md).
#   python tools/train.py configs/fcn8s-aspp_efficientnet-lite0_camvid.py --data-root DIR
_base_ = "fcn8s_efficientnet-lite0_camvid.py"
# half of DeepLabv3's dilations: its crops have 513 pixels, ours 256
neck = dict(type="FCNASPPNeck", in_channels="auto", channels=128, dilations=(1, 3, 6, 9), separable=True)
model = dict(
    backbone=dict(output_stride=16, strides=(8, 16)),
    neck=dict(_delete_=True, **neck),
    decode_head=dict(streams=("fr", "pool3")),
)
del neck
