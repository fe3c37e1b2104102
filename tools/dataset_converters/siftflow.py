"""Convert SIFT Flow to masks: python tools/dataset_converters/siftflow.py"""

import runpy
from pathlib import Path

if __name__ == "__main__":
    runpy.run_path(str(Path(__file__).parents[1] / "_fcn.py"))["main"]("siftflow")
