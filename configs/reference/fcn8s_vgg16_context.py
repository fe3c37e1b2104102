# The authors' FCN-8s on PASCAL-Context, from their trained FCN-16s (PAMI 2016). Not trained here: no score.
#   python tools/train_stages.py configs/reference/fcn8s_vgg16_context.py
_base_ = [
    "../_base_/models/fcn_vgg16_reference.py",
    "../_base_/datasets/context_native.py",
    "../_base_/schedules/schedule_reference_400k.py",
    "../_base_/default_runtime.py",
]
parent = "reference/fcn16s_vgg16_context"
model = dict(decode_head=dict(num_classes=60))
optim_wrapper = dict(optimizer=dict(lr=1e-14))  # a hundredth of the parent's
