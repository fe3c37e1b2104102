"""Fully Convolutional Networks for MMSegmentation: ``fcn COMMAND ...``, which tools/COMMAND.py call too."""

import argparse
import importlib
import sys
from importlib.util import find_spec, module_from_spec

COMMANDS = (
    *("new_dataset", "check_dataset", "browse_dataset", "class_weights", "train", "train_stages", "test", "predict"),
    *("report", "export", "import_weights", "compare", "summarize", "translate_lr", "make_minivoc", "voc_sbd"),
    "pascal_context",
    "nyud",
    "siftflow",
)
STOPPABLE = ("train", "train_stages")  # which --resume goes on with after a signal


def main(name: str | None = None) -> None:
    """Parse the command line and run the command; ends with exit code 2 for bad input.

    Args:
        name: the command, for a program of its own; by default it is the first word of the command line.
    """
    loaded = "fcn_plugin" in sys.modules
    if not loaded:  # executing the package takes seconds; without it a command's options are parsed at once
        sys.modules["fcn_plugin"] = module_from_spec(find_spec("fcn_plugin"))
    from fcn_plugin.signals import StopRequest

    if not loaded and (name or "".join(sys.argv[1:2])) in STOPPABLE:  # for as long as the program lives
        StopRequest().catch()
    from fcn_plugin.commands.run import run

    if name:
        parsers = {name: argparse.ArgumentParser()}
    else:
        whole = argparse.ArgumentParser("fcn", description="FCN-32s, 16s and 8s for MMSegmentation.")
        choices = whole.add_subparsers(dest="command", metavar="COMMAND", required=True)
        parsers = {known: choices.add_parser(known, help=_module(known).__doc__.splitlines()[0]) for known in COMMANDS}
    for known, parser in parsers.items():
        parser.description = _module(known).__doc__
        _module(known).add_arguments(parser)
    args = (parsers[name] if name else whole).parse_args()
    name = name or vars(args).pop("command")
    if hasattr(_module(name), "check_arguments"):
        _module(name).check_arguments(parsers[name], args)

    def command() -> None:
        if not loaded:
            _execute_package()
        from fcn_plugin.checkpoints.pickles import trusting

        with trusting(getattr(args, "trust_checkpoint", False)):
            _module(name).main(args)

    run(command)


def _module(name: str):
    return importlib.import_module(f"fcn_plugin.commands.{name}")


def _execute_package() -> None:
    from fcn_plugin.requirements import check_requirements

    check_requirements()  # before an import fails
    from fcn_plugin.compat import quiet_imports

    package = sys.modules["fcn_plugin"]
    with quiet_imports():
        package.__spec__.loader.exec_module(package)


if __name__ == "__main__":
    main()
