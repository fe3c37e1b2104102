"""A summed loss's lr as a mean loss's, or back: python tools/translate_lr.py --from sum --lr 1e-10 --size 500x375"""

from _fcn import main

if __name__ == "__main__":
    main("translate_lr")
