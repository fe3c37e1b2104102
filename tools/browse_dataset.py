"""Look at what the net will see: python tools/browse_dataset.py configs/fcn8s_vgg16bn_camvid.py --split train"""

from _fcn import main

if __name__ == "__main__":
    main("browse_dataset")
