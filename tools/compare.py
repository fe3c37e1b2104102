"""Put masks of several nets side by side: python tools/compare.py VOC_ROOT FCN-8s=MASKS --out PICTURE"""

from _fcn import main

if __name__ == "__main__":
    main("compare")
