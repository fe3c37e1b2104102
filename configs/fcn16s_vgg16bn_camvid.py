# FCN-16s on CamVid: with the skip from pool4.
_base_ = "fcn8s_vgg16bn_camvid.py"
model = dict(decode_head=dict(streams=("fr", "pool4")))
