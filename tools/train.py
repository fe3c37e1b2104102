"""Train a config: python tools/train.py configs/fcn8s_vgg16_voc.py"""

from _fcn import main

if __name__ == "__main__":
    main("train")
