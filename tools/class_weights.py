"""Weigh classes by how rare they are: python tools/class_weights.py configs/fcn8s_vgg16_voc.py"""

from _fcn import main

if __name__ == "__main__":
    main("class_weights")
