"""Read a whole data set before training on it: python tools/check_dataset.py configs/fcn8s_vgg16bn_camvid.py"""

from _fcn import main

if __name__ == "__main__":
    main("check_dataset")
