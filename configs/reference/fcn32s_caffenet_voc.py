# The authors' FCN-AlexNet on PASCAL VOC, from the BVLC CaffeNet.
_base_ = [
    "../_base_/models/fcn_caffenet_reference.py",
    "../_base_/datasets/voc_native.py",
    "../_base_/schedules/schedule_reference.py",
    "../_base_/default_runtime.py",
]
model = dict(pretrained="data/weights/bvlc_reference_caffenet.caffemodel")
# the only net of theirs with a mean loss: 100,000 steps of 20 images
optim_wrapper = dict(accumulative_counts=20, optimizer=dict(lr=1e-4, momentum=0.9))
train_cfg = dict(max_iters=2000000, val_interval=80000)
