"""Signals of schedulers at the moments that are hard for a run: exit code 99 and no step lost, whenever and how often they come."""

import random
import shutil
import signal
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

from support.crash_runs import ALONE, CrashRun, finish, killed_after, load

STOPS = (signal.SIGTERM, signal.SIGINT, signal.SIGUSR1, signal.SIGHUP)


@dataclass(frozen=True)
class Scene:
    """A moment in the first ``within`` seconds after the run has said ``cue``; None: in the time of a whole run.

    Args:
        name: what happens then.
        cue: part of a line.
        within: seconds, or None.
        settings: overrides of the config.
        resumes: whether the run goes on from a checkpoint.
    """

    name: str
    cue: str
    within: float | None
    settings: dict
    resumes: bool = False


VALIDATION = {"default_hooks__checkpoint__interval": 100, "val_dataloader__num_workers": 4, **ALONE}
SCENES = (
    Scene("when a validation's loader starts 4 workers", "Iter(train) [ 6/", 0.06, VALIDATION),
    Scene(
        "when a resumed run's loader starts 4 workers",
        "resuming after step",
        0.12,
        {"train_dataloader__num_workers": 4},
        True,
    ),
    Scene("at any moment", "", None, {}),
)


@dataclass
class Ends:
    """How the runs of a scene ended: how many with which code, and what was wrong."""

    codes: Counter = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)


def storm(config: Path, folder: Path, scene: Scene, runs: int, seconds: float, seed: int = 0) -> Ends:
    """Signal all processes of a run at such a moment, up to three times, and look at its code and its last checkpoint.

    Args:
        config: of 12 steps, logged one by one, with a validation after the sixth.
        folder: for work dirs.
        scene: the moment.
        runs: how many.
        seconds: of an undisturbed run.
        seed: of the moments.
    """
    chance, ends, start = random.Random(seed), Ends(), folder / "start"
    if scene.resumes:
        stop = [dict(type="SignalGroup", step=3, name="SIGTERM")]
        finish(load(config, start, custom_hooks=stop, **ALONE))
    for number in range(runs):
        work_dir = folder / f"run{number}"
        if scene.resumes:
            shutil.copytree(start, work_dir)
        run = CrashRun(load(config, work_dir, **scene.settings))
        with killed_after(run):
            run.wait_until(lambda run=run: scene.cue in run.said())
            time.sleep(chance.uniform(0, scene.within or seconds))
            kind = chance.choice(STOPS)
            for _ in range(chance.randint(1, 3)):
                if not run.is_over():
                    run.kill(kind)
                time.sleep(chance.choice((0, 0.05, 0.2)))
            run.wait()
        ends.codes[run.code] += 1
        ends.wrong += [f"{scene.name}: run {number}, {kind.name}: {what}" for what in _wrong(run, work_dir)]
    return ends


def _wrong(run: CrashRun, work_dir: Path) -> list[str]:
    if run.code == 0:  # it had ended
        return []
    done = [int(line.partition("[")[2].partition("/")[0]) for line in run.said().splitlines() if "Iter(train)" in line]
    found = [] if run.code == 99 else [f"code {run.code}"]
    if done and not (work_dir / f"iter_{done[-1]}.pth").exists():
        found.append(f"step {done[-1]} is lost")
    return found
