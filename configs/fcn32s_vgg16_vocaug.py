# FCN-32s on PASCAL VOC 2012 with SBD's masks, 10,582 train images, from torchvision's ImageNet VGG16. Not trained here: no score.
#   python tools/dataset_converters/voc_sbd.py --download && python tools/train.py configs/fcn32s_vgg16_vocaug.py
_base_ = "fcn8s_vgg16_voc.py"
model = dict(decode_head=dict(streams=("fr",)))
train_dataloader = dict(
    dataset=dict(ann_file="ImageSets/Segmentation/trainaug.txt", data_prefix=dict(seg_map_path="SegmentationClassAug"))
)
