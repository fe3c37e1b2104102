# FCN-32s on CamVid at half resolution: the deepest stream alone. Mean IU on val 28.1 ± 3.4, 3 seeds (docs/results.md).
#   make camvid CAMVID=DIR ON=vgg16bn_camvid-240x180
_base_ = "fcn8s_vgg16bn_camvid-240x180.py"
model = dict(decode_head=dict(streams=("fr",)))
