# The authors' FCN-8s on SIFT Flow, both tasks at once, from their trained FCN-16s (PAMI 2016). Not trained here: no score.
#   python tools/train_stages.py configs/reference/fcn8s_vgg16_siftflow.py
_base_ = [
    "../_base_/models/fcn_vgg16_siftflow.py",
    "../_base_/datasets/siftflow_native.py",
    "../_base_/schedules/schedule_reference_2k.py",
    "../_base_/default_runtime.py",
]
parent = "reference/fcn16s_vgg16_siftflow"
optim_wrapper = dict(optimizer=dict(lr=1e-12))  # that of the parent
default_hooks = dict(checkpoint=dict(save_best="semantic/mIoU"))
