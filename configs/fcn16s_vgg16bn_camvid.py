# FCN-16s on CamVid: with the skip from pool4; from scratch. Not trained here: no score.
#   python tools/train.py configs/fcn16s_vgg16bn_camvid.py --data-root DIR
_base_ = "fcn8s_vgg16bn_camvid.py"
model = dict(decode_head=dict(streams=("fr", "pool4")))
