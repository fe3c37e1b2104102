# FCN-16s on the built-in data: with the skip from pool4.
_base_ = "fcn8s_vgg16_minivoc.py"
model = dict(decode_head=dict(streams=("fr", "pool4")))
