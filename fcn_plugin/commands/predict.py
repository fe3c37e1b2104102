"""Segment images, videos and streams: palette PNG masks, overlays and other forms."""

from __future__ import annotations

import argparse
import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from ..errors import UserError, first_lines
from ..export.suffixes import EXPORTED_SUFFIXES, is_exported
from ..prediction.forms import FORMS
from .options import DATA, OPTIONS, SPEED, add_options, at_least, load_config

if TYPE_CHECKING:
    from ..prediction.forms.base import Form
    from ..prediction.loop import Tally
    from ..prediction.net import Net
    from ..prediction.share import Share
    from ..prediction.sources.inputs import Input

MOST_LINES = 1000  # of the list of broken inputs
NETS = (".pth", ".safetensors", *EXPORTED_SUFFIXES)
SOURCES = (
    "images, videos, multi-page TIFFs; folders, quoted patterns, @list.txt, - (a list on standard input); https:// links, "
    "rtsp:// and http:// streams, camera:0"
)
BATCH = "most images of one size per forward pass (default: 8, on a CPU fewer if larger than 128 x 128 pixels)"
DEFAULT = "default: masks overlays, or per-class overlays for multi-label nets"
RESUME = "skip inputs whose results are all in --out-dir (default: replace them)"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the config, the net, the sources and where the results go."""
    parser.add_argument("config", nargs="?", help=f"{OPTIONS['config']['help']} (default: the checkpoint's)")
    add_options(parser, "checkpoint")
    parser.add_argument("inputs", nargs="+", metavar="INPUT", help=SOURCES)
    parser.add_argument("--out-dir", required=True, help="folder of the results: FORM/NAME")
    parser.add_argument(
        "--out",
        nargs="+",
        metavar="FORM",
        help=f"{' '.join(FORMS)} ({DEFAULT})",
    )
    parser.add_argument("--batch-size", type=at_least(1), help=BATCH)
    parser.add_argument("--resume", action="store_true", help=RESUME)
    parser.add_argument("--opacity", type=float, default=0.5, help="opacity of the overlays' colours (default: 0.5)")
    parser.add_argument("--legend", action="store_true", help="draw the class names below overlays")
    add_options(parser, *DATA, *SPEED, "--launcher", "--local_rank --local-rank", "--trust-checkpoint")


def check_arguments(parser: argparse.ArgumentParser, args: argparse.Namespace) -> None:
    """Shift the arguments by one if the first is a net, since the config is optional."""
    if args.config and args.config.endswith(NETS):
        args.config, args.checkpoint, args.inputs = None, args.config, [args.checkpoint, *args.inputs]


def main(args: argparse.Namespace) -> None:
    """Predict; raise a UserError that lists the broken inputs after all others are done.

    Raises:
        UserError: ``file-missing``, ``list-file``, ``output-exists``, ``output-path``, ``checkpoint-*``, ``config-*``,
            ``option-value``; ``image-unreadable``, ``video-unreadable`` and other codes of broken inputs; ``disk-write``.
    """
    from ..atomic_write import make_dir
    from ..checkpoints.read import require_checkpoint
    from ..prediction.forms import make_forms
    from ..prediction.loop import Loop
    from ..prediction.share import Share
    from ..prediction.sources.inputs import find_inputs

    names = list(dict.fromkeys(args.out or ()))
    if not 0 <= args.opacity <= 1:
        raise UserError("option-value", f"--opacity is {args.opacity}: give a number from 0 (image) to 1 (classes)")
    if "-" in args.inputs and args.launcher != "none":
        raise UserError("option-value", "several processes can't share standard input: give @list.txt instead of -")
    require_checkpoint(args.checkpoint)
    inputs = find_inputs(args.inputs, _results_inside(args.inputs, args.out_dir))
    if names == ["video"] and not any(source.is_video for source in inputs):
        raise UserError("option-value", "--out video needs a video or stream among the inputs: add another form")
    net = _load(args)
    several = net.decision.multilabel
    names = names or ["per-class" if several else "masks", "overlays"]
    looks = dict(opacity=args.opacity, legend=args.legend)
    forms = make_forms(names, args.out_dir, net.classes, net.palette, **looks, multilabel=several, tasks=net.tasks)
    _refuse_sources_as_results(inputs, forms, args.out_dir)
    make_dir(args.out_dir, "--out-dir")
    share = Share()
    mine = share.of(inputs)
    count = len(inputs)
    del inputs  # may hold millions of names
    tally = Loop(net, forms, Path(args.out_dir), args.resume, quiet=share.rank > 0).run(mine)
    _report(share, tally, forms, args.out_dir, count, names)


def _results_inside(words: Sequence[str], out_dir: str) -> list[str]:
    """List folders of earlier results inside the input folders, and print that they are skipped."""
    folders = [word for word in words if os.path.isdir(word)]
    if any(os.path.samefile(word, out_dir) for word in folders if os.path.isdir(out_dir)):
        inside = [path for form in FORMS if os.path.isdir(path := os.path.join(out_dir, form))]
    else:
        parents = [str(parent) for parent in Path(out_dir).resolve().parents] if os.path.isdir(out_dir) else []
        inside = [out_dir] if any(os.path.realpath(word) in parents for word in folders) else []
    if inside:
        print(f"skipped folders of results: {', '.join(inside)}")
    return inside


def _load(args: argparse.Namespace) -> Net:
    """Load the net with the given config or the one inside the checkpoint, and join the processes of a launcher."""
    from mmengine.config import ConfigDict

    from ..checkpoints.read import open_checkpoint
    from ..engine.distributed import join_processes
    from ..prediction.load import config_inside, load
    from ..preflight.prepare import prepare

    if args.config:
        source, cfg = args.checkpoint, load_config(args)
    elif is_exported(args.checkpoint):
        join_processes(ConfigDict(launcher=args.launcher))
        return load(args.checkpoint, batch_size=args.batch_size)
    else:
        source = open_checkpoint(args.checkpoint)
        cfg = load_config(args, cfg=config_inside(source))
    for warning in prepare(cfg, ()).warnings:
        print(warning)
    return load(source, cfg, batch_size=args.batch_size)


def _refuse_sources_as_results(inputs: Sequence[Input], forms: Sequence[Form], out_dir: str) -> None:
    """Raise a UserError (output-exists) if a result would replace an input."""
    root = os.path.join(os.path.realpath(out_dir), "")
    sources = {path for source in inputs if (path := os.path.realpath(source.address)).startswith(root)}
    for source in inputs if sources else ():
        name = f"{source.name}/0" if source.is_video else source.name
        for file in (file for form in forms for file in form.files(name)):
            if os.path.realpath(file) in sources:
                message = f"{file} is an input and would be replaced by a result: choose another --out-dir"
                raise UserError("output-exists", message)


def _report(share: Share, tally: Tally, forms: Sequence[Form], out_dir: str, count: int, names: Sequence[str]) -> None:
    """Finish the forms, print counts and speed, and raise for the broken inputs. Collective: call on every rank."""
    from ..prediction.loop import Tally

    total = Tally()
    for each in share.gather(tally):
        total.add(each)
    if share.rank == 0:
        for form in forms:
            form.finish()
        listed = " and ".join(filter(None, (", ".join(names[:-1]), names[-1])))
        before = f"; {total.skipped} existed before" if total.skipped else ""
        large = f"; {total.large} too large for one pass in {out_dir}/geotiff" if total.large else ""
        print(f"{total.images - total.large} {listed} in {out_dir}{large}{before}")
        waited = 1 - total.net_seconds / max(1e-9, total.seconds * share.count)
        rate = total.images / max(1e-9, total.seconds)
        if total.images:
            taken = f"{total.images} images in {total.seconds:.1f} s"
            print(f"{taken}: {rate:.1f} images/s; the net was idle {waited:.0%} of the time")
    share.gather(None)  # a launcher ends all processes when the first one fails
    if total.broken and share.rank > 0:
        raise SystemExit(2)
    if total.broken:
        codes = {error.code for error in total.broken}
        code = codes.pop() if len(codes) == 1 else "image-unreadable"
        others = f", the others are in {out_dir}" if total.images + total.skipped else ""
        lines = first_lines([error.message for error in total.broken], MOST_LINES)
        raise UserError(code, f"{len(total.broken)} of {count} failed{others}:", lines)
