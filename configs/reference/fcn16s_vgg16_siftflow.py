# The authors' FCN-16s on SIFT Flow, both tasks at once, from their trained FCN-32s (PAMI 2016). Not trained here: no score.
#   python tools/train_stages.py configs/reference/fcn16s_vgg16_siftflow.py
_base_ = [
    "../_base_/models/fcn_vgg16_siftflow.py",
    "../_base_/datasets/siftflow_native.py",
    "../_base_/schedules/schedule_reference_2k.py",
    "../_base_/default_runtime.py",
]
parent = "reference/fcn32s_vgg16_siftflow"
model = dict(decode_head=dict(streams=("fr", "pool4")))
optim_wrapper = dict(optimizer=dict(lr=1e-12))  # a hundredth of the parent's
default_hooks = dict(checkpoint=dict(save_best="semantic/mIoU"))
