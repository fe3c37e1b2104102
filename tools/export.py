"""Export a trained net: python tools/export.py CHECKPOINT --to onnx"""

from _fcn import main

if __name__ == "__main__":
    main("export")
