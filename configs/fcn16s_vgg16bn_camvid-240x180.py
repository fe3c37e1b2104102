# FCN-16s on CamVid at half resolution: fc7 and pool4.
_base_ = "fcn8s_vgg16bn_camvid-240x180.py"
model = dict(decode_head=dict(streams=("fr", "pool4")))
