# FCN-16s on the built-in data: with the skip from pool4; from scratch. Mean IU on val 69.1 (docs/results.md).
#   make strides
_base_ = "fcn8s_vgg16bn_minivoc.py"
model = dict(decode_head=dict(streams=("fr", "pool4")))
