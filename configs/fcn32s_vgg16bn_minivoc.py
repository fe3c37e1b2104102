# FCN-32s on the built-in data: the deepest stream alone; from scratch. Mean IU on val 42.4 (docs/results.md).
#   make strides
_base_ = "fcn8s_vgg16bn_minivoc.py"
model = dict(decode_head=dict(streams=("fr",)))
