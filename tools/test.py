"""Evaluate a checkpoint: python tools/test.py configs/fcn8s_vgg16_voc.py CHECKPOINT"""

from _fcn import main

if __name__ == "__main__":
    main("test")
