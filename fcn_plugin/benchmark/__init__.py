"""Speed and memory of nets against each other and against the machine, in one run."""

from .run import benchmark
from .variants import Variant, variants_of

__all__ = ["Variant", "benchmark", "variants_of"]
