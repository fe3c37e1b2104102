"""Predict images: python tools/predict.py CONFIG CHECKPOINT photos/ --out-dir results"""

from _fcn import main

if __name__ == "__main__":
    main("predict")
