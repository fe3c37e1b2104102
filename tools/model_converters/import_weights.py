"""Bring published weights under this package's names: python tools/model_converters/import_weights.py SRC DST --to CONFIG"""

import runpy
from pathlib import Path

if __name__ == "__main__":
    runpy.run_path(str(Path(__file__).parents[1] / "_fcn.py"))["main"]("import_weights")
