# The authors' FCN-8s on PASCAL VOC, from their trained FCN-16s (PAMI 2016, sec. 4). Not trained here: no score.
#   python tools/train_stages.py configs/reference/fcn8s_vgg16_voc.py
_base_ = [
    "../_base_/models/fcn_vgg16_reference.py",
    "../_base_/datasets/voc_native.py",
    "../_base_/schedules/schedule_reference.py",
    "../_base_/default_runtime.py",
]
parent = "reference/fcn16s_vgg16_voc"
optim_wrapper = dict(optimizer=dict(lr=1e-14))  # a hundredth of the parent's
