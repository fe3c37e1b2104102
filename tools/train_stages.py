"""Train FCN-32s, then 16s and 8s from it: python tools/train_stages.py configs/reference/fcn8s_vgg16_voc.py"""

from _fcn import main

if __name__ == "__main__":
    main("train_stages")
