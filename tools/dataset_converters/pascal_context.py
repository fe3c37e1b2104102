"""Convert PASCAL-Context to masks: python tools/dataset_converters/pascal_context.py"""

import runpy
from pathlib import Path

if __name__ == "__main__":
    runpy.run_path(str(Path(__file__).parents[1] / "_fcn.py"))["main"]("pascal_context")
