# PASCAL VOC 2012 with SBD's masks: 10,582 train images; VOC's own 1,449 val images.
_base_ = "voc.py"
data_help = (
    "Build it from VOC 2012 and SBD: python tools/dataset_converters/voc_sbd.py --download "
    "(offline it says which files to put where), then pass --data-root data/VOCdevkit/VOC2012"
)
train_dataloader = dict(
    dataset=dict(
        ann_file="ImageSets/Segmentation/trainaug.txt",
        data_prefix=dict(seg_map_path="SegmentationClassAug"),
    )
)
