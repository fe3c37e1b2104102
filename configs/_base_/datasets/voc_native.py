# PASCAL VOC as the authors train and validate on it: images as they are, one at a time. SBD's 8,498 train images with SBD's
# masks; "seg11valid", the 736 of VOC 2011 val that are not among them, with VOC 2011's.
_base_ = "voc.py"
train_pipeline = [dict(type="LoadImageFromFile"), dict(type="FCNLoadAnnotations"), dict(type="PackSegInputs")]
train_dataloader = dict(
    batch_size=1,
    sampler=dict(_delete_=True, type="IndependentDraws"),  # at random with replacement, not epoch by epoch
    dataset=dict(
        ann_file="ImageSets/Segmentation/sbd_train.txt",
        data_prefix=dict(seg_map_path="SegmentationClassSBD"),
        pipeline=train_pipeline,
    ),
)
val_dataloader = dict(
    batch_size=1,
    dataset=dict(
        ann_file="ImageSets/Segmentation/seg11valid.txt", data_prefix=dict(seg_map_path="SegmentationClass2011")
    ),
)
test_dataloader = val_dataloader
