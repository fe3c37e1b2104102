# FCN-GoogLeNet on PASCAL VOC with the recipe of CVPR 2015, sec. 4.3, from the BVLC GoogLeNet.
_base_ = [
    "../_base_/models/fcn_googlenet_reference.py",
    "../_base_/datasets/voc_native.py",
    "../_base_/schedules/schedule_reference.py",
    "../_base_/default_runtime.py",
]
model = dict(pretrained="data/weights/bvlc_googlenet.caffemodel")
# mean loss, steps of 20 images
optim_wrapper = dict(accumulative_counts=20, optimizer=dict(lr=5e-5, momentum=0.9))
train_cfg = dict(max_iters=2000000, val_interval=80000)
