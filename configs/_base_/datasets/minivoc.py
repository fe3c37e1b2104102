# The built-in data in VOC's layout: 200 train and 50 val drawings of 160 x 128.
_base_ = "voc.py"
data_root = "data/minivoc/VOC2012"
data_help = "Draw it: python tools/dataset_converters/make_minivoc.py"
train_pipeline = [
    dict(type="LoadImageFromFile"),
    dict(type="LoadAnnotations"),
    dict(type="RandomFlip", prob=0.5),
    dict(type="PackSegInputs"),
]
train_dataloader = dict(batch_size=8, num_workers=1, dataset=dict(data_root=data_root, pipeline=train_pipeline))
val_dataloader = dict(batch_size=10, num_workers=1, dataset=dict(data_root=data_root))
test_dataloader = val_dataloader
