# FCN-8s on CamVid with point refinement by features of strides 2, 4 and 8.
# Mean IU on val 67.0, one seed, 0.4 less than FCN-8s after as many steps (docs/limits.md).
#   python tools/train.py configs/fcn8s-point_efficientnet-lite0_camvid.py --data-root DIR
_base_ = "fcn8s_efficientnet-lite0_camvid.py"
model = dict(
    backbone=dict(strides=(2, 4, 8, 16, 32)),
    decode_head=dict(type="FCNPointHead", fine=3),
)
