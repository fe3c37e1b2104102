# FCN-8s on PASCAL-Context, 59 classes and background, from torchvision's ImageNet VGG16. Not trained here: no score.
#   python tools/train.py configs/fcn8s_vgg16_context60.py
_base_ = "fcn8s_vgg16_context.py"
model = dict(decode_head=dict(num_classes=60))
train_dataloader = dict(dataset=dict(type="PascalContextDataset"))  # id 0 is a class like the others
val_dataloader = dict(dataset=dict(type="PascalContextDataset"))
test_dataloader = val_dataloader
