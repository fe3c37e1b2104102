"""Kill a training run at random again and again, and resume it: its end must be the undisturbed run's, to the bit.

The long loop is ``make soak``; the suite runs a short one (tests/e2e/test_kills.py).
"""

import argparse
import gc
import random
import sys
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path

import torch
from support.crash_runs import ALONE, STEPS, CrashRun, differences, end_state, finish, killed_after, load, write_config
from support.faults import DieAt
from support.storms import SCENES, storm
from tqdm import tqdm


@dataclass
class Tally:
    """What a loop saw."""

    kills: int = 0
    runs: int = 0  # that came to their end
    in_saves: int = 0  # kills that left a file half-written
    passed_over: int = 0  # resumes that found the noted checkpoint missing or damaged
    lost: list[int] = field(default_factory=list)  # steps done over again after each kill
    wrong: list[str] = field(default_factory=list)  # what differed at the ends


def reference_end(config: Path, work_dir: Path, steps: int) -> tuple[dict, float]:
    """The end of an undisturbed run, and its seconds."""
    start = time.monotonic()
    run = finish(load(config, work_dir))
    assert run.code == 0, run.said()
    return end_state(work_dir, steps), time.monotonic() - start


def survive(
    config: Path, folder: Path, kills: int, steps: int, reference: dict, seconds: float, seed: int = 0
) -> Tally:
    """Train to the end again and again, under ``kills`` SIGKILLs to the whole process group, then leave the last run alone.

    Every other kill waits for a save to begin, and comes in it or just after.

    Args:
        config: of the run.
        folder: for work dirs.
        kills: in all.
        steps: of a run.
        reference: the end that every run must come to.
        seconds: of an undisturbed run: kills come within them.
        seed: of the moments.
    """
    moments = random.Random(seed)
    tally = Tally()
    with tqdm(total=kills, unit="kill", disable=not sys.stderr.isatty()) as bar:
        while tally.kills < kills:
            work_dir = folder / f"run{tally.runs}"
            while not _killed(config, work_dir, kills, tally, moments, seconds):
                pass
            tally.runs += 1
            tally.wrong += [f"run {tally.runs}: {name}" for name in differences(reference, end_state(work_dir, steps))]
            bar.update(tally.kills - bar.n)
    return tally


def _killed(config: Path, work_dir: Path, kills: int, tally: Tally, moments: random.Random, seconds: float) -> bool:
    """Start or resume a run and kill it; True where it came to its end first, or no kill is left."""
    run = CrashRun(load(config, work_dir))
    already = len(run.said())
    until = time.monotonic() + moments.uniform(0, 0.8 * seconds)
    in_save = moments.random() < 0.5
    with killed_after(run):
        if tally.kills == kills:
            run.wait()
        run.wait_until(lambda: time.monotonic() > until)
        if in_save:
            run.wait_until(lambda: any(work_dir.glob(".*.part")))
            more = time.monotonic() + moments.choice((0, 0.003, 0.02))
            run.wait_until(lambda: time.monotonic() > more)
        if run.is_over():
            assert run.code == 0, run.said()
            return True
        run.kill()
        run.wait()
    tally.kills += 1
    said = run.said()[already:]
    tally.passed_over += "skipped: " in said
    tally.in_saves += any(work_dir.glob(".*.part"))
    done = [int(line.partition("[")[2].partition("/")[0]) for line in said.splitlines() if "Iter(train)" in line]
    saved = [int(path.stem.removeprefix("iter_")) for path in work_dir.glob("iter_*.pth")]
    if done:
        tally.lost.append(max(0, done[-1] - max(saved, default=0)))
    return False


def die_everywhere(config: Path, folder: Path, steps: int, reference: dict, every: int = 1, keep: int = 2) -> Tally:
    """Kill a run right before each ``every``-th operation on its checkpoints and notes, and resume it.

    Args:
        config: of a run with few steps.
        folder: for work dirs.
        steps: of a run.
        reference: the end that every run must come to.
        every: 1 for all operations.
        keep: checkpoints that a run keeps, besides the best one.
    """
    tally = Tally()
    for number in range(every, 1000, every):
        work_dir = folder / f"die{number}"
        cfg = load(config, work_dir, **ALONE, default_hooks__checkpoint__max_keep_ckpts=keep)
        if finish(cfg, first=DieAt(work_dir, number)).code == 0:
            break
        tally.kills += 1
        run = finish(cfg)
        assert run.code == 0, run.said()
        tally.runs += 1
        tally.wrong += [f"operation {number}: {name}" for name in differences(reference, end_state(work_dir, steps))]
        left = sorted(path.name for path in work_dir.glob("*.pth"))
        if len(left) != keep + 1:
            tally.wrong.append(f"operation {number}: {left}")
    return tally


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--kills", type=int, default=200)
    parser.add_argument("--seed", type=int, default=0)
    operations = "then a kill before every operation on files, in a short run"
    parser.add_argument("--operations", action="store_true", help=operations)
    parser.add_argument("--signals", type=int, default=0, help="runs that are signalled at each hard moment")
    args = parser.parse_args()
    torch.set_num_threads(1)
    gc.freeze()
    start = time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        config = write_config(Path(folder))
        reference, seconds = reference_end(config, Path(folder) / "reference", STEPS)
        tally = survive(config, Path(folder), args.kills, STEPS, reference, seconds, args.seed)
    print(
        f"{tally.kills} kills, {tally.in_saves} of them in a save; {tally.runs} runs of {STEPS} steps with a save every 3 "
        f"came to their end, {len(tally.wrong)} differences from the undisturbed run\n"
        f"steps done over again after a kill: {sum(tally.lost) / max(1, len(tally.lost)):.1f} in the mean, "
        f"{max(tally.lost, default=0)} at most; {(time.monotonic() - start) / 60:.1f} min"
    )
    wrong = tally.wrong
    if args.operations:
        with tempfile.TemporaryDirectory() as folder:
            config = write_config(Path(folder), 12, saves=3, validations=6)
            reference, _ = reference_end(config, Path(folder) / "reference", 12)
            tally = die_everywhere(config, Path(folder), 12, reference)
        print(
            f"{tally.kills} kills, one before every operation on checkpoints and notes of a run of 12 steps: "
            f"{len(tally.wrong)} differences"
        )
        wrong += tally.wrong
    for scene in SCENES if args.signals else ():
        with tempfile.TemporaryDirectory() as folder:
            config = write_config(Path(folder), 12, saves=3, validations=6)
            seconds = reference_end(config, Path(folder) / "reference", 12)[1]
            ends = storm(config, Path(folder), scene, args.signals, seconds, args.seed)
        codes = ", ".join(f"{count} with {code}" for code, count in sorted(ends.codes.items()))
        print(
            f"{args.signals} runs signalled {scene.name}: ended {codes}; {len(ends.wrong)} lost a step or another code"
        )
        wrong += ends.wrong
    for line in wrong:
        print(line)
    sys.exit(bool(wrong))


if __name__ == "__main__":
    main()
