# FCN-32s on the built-in data: the deepest stream alone.
_base_ = "fcn8s_vgg16_minivoc.py"
model = dict(decode_head=dict(streams=("fr",)))
