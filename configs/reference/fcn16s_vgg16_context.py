# The authors' FCN-16s on PASCAL-Context, from their trained FCN-32s (PAMI 2016). Not trained here: no score.
#   python tools/train_stages.py configs/reference/fcn16s_vgg16_context.py
_base_ = [
    "../_base_/models/fcn_vgg16_reference.py",
    "../_base_/datasets/context_native.py",
    "../_base_/schedules/schedule_reference_400k.py",
    "../_base_/default_runtime.py",
]
parent = "reference/fcn32s_vgg16_context"
model = dict(decode_head=dict(streams=("fr", "pool4"), num_classes=60))
optim_wrapper = dict(optimizer=dict(lr=1e-12))  # a hundredth of the parent's
