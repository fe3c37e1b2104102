# FCN-32s on CamVid: the deepest stream alone; from scratch. Not trained here: no score.
#   python tools/train.py configs/fcn32s_vgg16bn_camvid.py --data-root DIR
_base_ = "fcn8s_vgg16bn_camvid.py"
model = dict(decode_head=dict(streams=("fr",)))
