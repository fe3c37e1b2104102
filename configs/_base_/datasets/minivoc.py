# The built-in data: 200 train and 50 val drawings with ten of VOC's classes, all of one size, 160 x 128.
_base_ = "voc.py"
data_root = "data/minivoc/VOC2012"
train_pipeline = [
    dict(type="LoadImageFromFile"),
    dict(type="FCNLoadAnnotations"),
    dict(type="RandomFlip", prob=0.5),
    dict(type="PackSegInputs"),
]
train_dataloader = dict(batch_size=8, num_workers=1, dataset=dict(data_root=data_root, pipeline=train_pipeline))
_base_.val_dataloader.pop("batch_sampler")
_base_.test_dataloader.pop("batch_sampler")
val_dataloader = dict(batch_size=10, num_workers=1, dataset=dict(data_root=data_root))
test_dataloader = val_dataloader
