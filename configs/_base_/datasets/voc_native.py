# PASCAL VOC as the authors train on it: images as they are, one at a time.
# Their train list is SBD's 8,498 images, their val list the 736 of VOC 2011 that SBD does not train on.
_base_ = "voc.py"
train_pipeline = [
    dict(type="LoadImageFromFile"),
    dict(type="LoadAnnotations"),
    dict(type="PackSegInputs"),
]
train_dataloader = dict(batch_size=1, dataset=dict(pipeline=train_pipeline))
