"""Measure ``fcn predict`` as a whole: a folder of many small images, and a video against the rate of the net alone.

    python -m benchmarks.prediction folder CHECKPOINT --images 1000 100000
    python -m benchmarks.prediction video CHECKPOINT IMAGES --frames 200

``folder`` prints each run's largest memory (``ru_maxrss``); the last one is stopped by SIGTERM in its middle and goes on.
"""

from __future__ import annotations

import argparse
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory

import cv2
import numpy as np
from PIL import Image

TOOL = Path(__file__).parents[1] / "tools/predict.py"
SIDE = 32  # pixels of the small images
SIZE = (480, 360)  # width, height of the video's frames
DRAWN = 100  # small images; more names are hard links to them


def main() -> None:
    """Parse the command line and measure."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    kinds = parser.add_subparsers(dest="kind", required=True)
    folder, video = kinds.add_parser("folder"), kinds.add_parser("video")
    for each in (folder, video):
        each.add_argument("checkpoint")
        each.add_argument("--options", nargs=argparse.REMAINDER, default=[], help="of fcn predict, last")
    folder.add_argument("--images", type=int, nargs="+", default=[1000, 100_000])
    video.add_argument("folder", help="of images for the frames")
    video.add_argument("--frames", type=int, default=200)
    args = parser.parse_args()
    with TemporaryDirectory() as name:
        if args.kind == "video":
            measure_video(args.checkpoint, make_video(Path(args.folder), args.frames, Path(name)), args.options)
        else:
            for count in args.images:
                images = draw_images(Path(name, str(count)), count)
                predict(args.checkpoint, images, Path(name, f"out{count}"), *args.options)
            predict(args.checkpoint, images, Path(name, "stopped"), *args.options, stop_at=count // 2)
            predict(args.checkpoint, images, Path(name, "stopped"), *args.options, "--resume")


def draw_images(folder: Path, count: int) -> Path:
    """Make a folder of small images of noise, in folders of 1000."""
    generator = np.random.default_rng(0)
    for index in range(count):
        path = folder / f"{index // 1000:04}" / f"{index:07}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        if index < DRAWN:
            blocks = generator.integers(0, 256, (4, 4, 3), dtype=np.uint8)
            Image.fromarray(blocks).resize((SIDE, SIDE)).save(path)
        else:
            os.link(folder / "0000" / f"{index % DRAWN:07}.png", path)
    return folder


def make_video(folder: Path, frames: int, out: Path) -> Path:
    """Make a video of the first images of a folder."""
    path = out / "clip.mp4"
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter_fourcc(*"mp4v"), 30, SIZE)
    images = sorted(path for path in folder.rglob("*") if path.suffix in (".jpg", ".png"))
    for index in range(frames):
        writer.write(cv2.resize(cv2.imread(str(images[index % len(images)])), SIZE, interpolation=cv2.INTER_AREA))
    writer.release()
    return path


def predict(checkpoint: str, source: Path, out: Path, *options: str, stop_at: int = 0) -> None:
    """Run the command and print what it says, its time and memory; a SIGTERM comes when ``stop_at`` masks are there."""
    start = time.perf_counter()
    words = [sys.executable, TOOL, checkpoint, source, "--out-dir", out, *options]
    with open(out.with_suffix(".log"), "w") as log:
        process = subprocess.Popen(list(map(str, words)), stdout=subprocess.PIPE, stderr=log, text=True)
    while stop_at and process.poll() is None:
        time.sleep(1)
        if sum(len(names) for _, _, names in os.walk(out / "masks")) >= stop_at:
            process.send_signal(signal.SIGTERM)
            stop_at = 0
    said = process.stdout.read()
    _, status, usage = os.wait4(process.pid, 0) if process.returncode is None else (0, 0, None)
    memory = f", CPU {usage.ru_utime + usage.ru_stime:.1f} s, {usage.ru_maxrss / 1024:.0f} MiB" if usage else ""
    lines = [line for line in said.splitlines() if re.search("images|masks", line)]
    print(f"{source.name}: {time.perf_counter() - start:.1f} s, exit {os.waitstatus_to_exitcode(status)}{memory}")
    print(*(f"  {line}" for line in lines), sep="\n", flush=True)


def measure_video(checkpoint: str, path: Path, options: list[str]) -> None:
    """Print the rate of the command, before and after that of the net on frames that are in memory."""
    net_alone(checkpoint, path)
    predict(checkpoint, path, path.with_name("out"), *options)
    net_alone(checkpoint, path)


def net_alone(checkpoint: str, path: Path) -> None:
    """Print the net's rate, frame by frame."""
    import fcn_plugin

    net, capture, frames = fcn_plugin.load(checkpoint), cv2.VideoCapture(str(path)), []
    while (found := capture.read())[0]:
        frames.append(found[1][..., ::-1].copy())
    net.predict(frames[0])
    start, before = time.perf_counter(), time.process_time()
    for frame in frames:
        net.predict(frame)
    seconds, cpu = time.perf_counter() - start, time.process_time() - before
    rate = f"{len(frames) / seconds:.1f} images/s"
    print(f"net alone: {len(frames)} frames in {seconds:.1f} s, CPU {cpu:.1f} s: {rate}", flush=True)


if __name__ == "__main__":
    main()
