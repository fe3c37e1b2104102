"""Join PASCAL VOC 2012 with SBD: python tools/dataset_converters/voc_sbd.py [--download]"""

import runpy
from pathlib import Path

if __name__ == "__main__":
    runpy.run_path(str(Path(__file__).parents[1] / "_fcn.py"))["main"]("voc_sbd")
