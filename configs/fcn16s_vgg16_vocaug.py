# FCN-16s on PASCAL VOC 2012 with SBD's masks: with the skip from pool4.
_base_ = [
    "_base_/models/fcn_vgg16.py",
    "_base_/datasets/voc_aug.py",
    "_base_/schedules/schedule_40k.py",
    "_base_/default_runtime.py",
]
model = dict(
    precision="auto",  # bf16 where the device computes in it
    pretrained="torchvision://vgg16",  # this name (downloads 528 MB), or the path of the file
    decode_head=dict(streams=("fr", "pool4")),
)
optim_wrapper = dict(optimizer=dict(lr=0.001))  # a net without batch norm bears a tenth of the usual rate
