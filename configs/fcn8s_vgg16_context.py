# FCN-8s on PASCAL-Context, 59 classes, from torchvision's ImageNet VGG16. Not trained here: no score.
#   python tools/train.py configs/fcn8s_vgg16_context.py
_base_ = [
    "_base_/models/fcn_vgg16.py",
    "_base_/datasets/context.py",
    "_base_/schedules/schedule_40k.py",
    "_base_/default_runtime.py",
]
model = dict(
    precision="auto",  # bf16 where the device computes in it
    pretrained="torchvision://vgg16",  # this name (downloads 528 MB), or the path of the file
    decode_head=dict(num_classes=59),
)
optim_wrapper = dict(optimizer=dict(lr=0.001))  # without batch norm the net needs a tenth of the usual rate
