"""Mean and spread over seeds: python tools/summarize.py --net FCN-8s RUN/0/val RUN/1/val --net FCN-32s ..."""

from _fcn import main

if __name__ == "__main__":
    main("summarize")
