"""Show in one page where a net is right and wrong: python tools/report.py CONFIG CHECKPOINT"""

from _fcn import main

if __name__ == "__main__":
    main("report")
