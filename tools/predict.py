"""Predict images, videos, folders: python tools/predict.py CHECKPOINT photos/ --out-dir results"""

from _fcn import main

if __name__ == "__main__":
    main("predict")
