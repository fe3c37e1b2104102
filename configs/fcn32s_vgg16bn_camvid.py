# FCN-32s on CamVid: the deepest stream alone.
_base_ = "fcn8s_vgg16bn_camvid.py"
model = dict(decode_head=dict(streams=("fr",)))
