"""Draw the built-in mini data set: python tools/dataset_converters/make_minivoc.py"""

import runpy
from pathlib import Path

if __name__ == "__main__":
    runpy.run_path(str(Path(__file__).parents[1] / "_fcn.py"))["main"]("make_minivoc")
