# The former name of fcn8s_vgg16bn_minivoc.py.
_base_ = "fcn8s_vgg16bn_minivoc.py"
