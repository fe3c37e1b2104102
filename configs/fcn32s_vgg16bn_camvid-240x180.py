# FCN-32s on CamVid at half resolution: the deepest stream alone.
_base_ = "fcn8s_vgg16bn_camvid-240x180.py"
model = dict(decode_head=dict(streams=("fr",)))
