"""Where all tools find the commands of the package: ``fcn_plugin/commands``."""

import sys

try:
    from fcn_cli import main as main
except ModuleNotFoundError:
    remedy = "run 'pip install -e .' in the checkout, or make install"
    print(f"error: [requirements] fcn_plugin is not installed for {sys.executable}: {remedy}", file=sys.stderr)
    sys.exit(2)
