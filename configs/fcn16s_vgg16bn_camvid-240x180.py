# FCN-16s on CamVid at half resolution: with the skip from pool4. Mean IU on val 49.4 ± 1.1, 3 seeds (docs/results.md).
#   make camvid CAMVID=DIR ON=vgg16bn_camvid-240x180
_base_ = "fcn8s_vgg16bn_camvid-240x180.py"
model = dict(decode_head=dict(streams=("fr", "pool4")))
