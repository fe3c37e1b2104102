"""Prepare a folder of images and masks for training: python tools/new_dataset.py roads --images photos --masks masks"""

from _fcn import main

if __name__ == "__main__":
    main("new_dataset")
