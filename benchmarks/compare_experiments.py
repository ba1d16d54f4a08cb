"""How fast `tiles exp compare --json` is beside `dvc exp show --json`, on the same repository in the same run.

    python benchmarks/compare_experiments.py [NUMBER ...]    default: 200 2000

Cold: nothing of an earlier reading is left, neither ours nor DVC's. Warm: the same was asked a moment ago.
New question: the experiments are read already, but what is asked is not what was asked before; DVC makes no
difference there.
Both commands are measured as a user meets them, each in a process of its own; the best of several runs counts.
Beside the time on the clock stands the time on the processor, which other work on the machine disturbs less.
"""

from __future__ import annotations

import argparse
import json
import random
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from tilecli.layout import shipped

RUNS = {"cold": 2, "new question": 3, "warm": 5}
Seconds = tuple[float, float]  # on the clock, on the processor
EPOCHS = 40
LIMIT_DVC = 500  # experiments; beyond that DVC takes minutes, and the ratio is known


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("numbers", nargs="*", type=int, default=[200, 2000])
    parser.add_argument("--dvc-everywhere", action="store_true", help=f"DVC past {LIMIT_DVC} experiments as well")
    options = parser.parse_args()
    times: dict[int, Seconds] = {}
    for number in options.numbers:
        with tempfile.TemporaryDirectory() as folder:
            project = Path(folder) / "project"
            build(project, number)
            print(f"{number} experiments                          clock   processor")
            ours = measure(project, [sys.executable, "-m", "tilecli", "exp", "compare", "--json"], number)
            show("tiles exp compare", ours)
            times[number] = ours["warm"]
            if number > LIMIT_DVC and not options.dvc_everywhere:
                continue
            kept = project / ".dvc" / "tmp" / "exps" / "cache"
            theirs = measure(project, [sys.executable, "-m", "dvc", "exp", "show", "--json"], number)
            show("dvc exp show", theirs)
            assert sum(path.is_file() for path in kept.rglob("*")) > number, "DVC was not warm: it has kept nothing"
            for how in ("cold", "warm"):
                ratios = [slow / fast for slow, fast in zip(theirs[how], ours[how], strict=True)]
                print(f"  ratio, {how}                         {ratios[0]:6.1f} x  {ratios[1]:6.1f} x", flush=True)
    least, most = min(times), max(times)
    if least != most:
        growth = [after / before for after, before in zip(times[most], times[least], strict=True)]
        print(f"warm, {most / least:.0f} x as many: {growth[0]:.1f} x on the clock, {growth[1]:.1f} x on the processor")


def show(name: str, times: dict[str, Seconds]) -> None:
    for how, (clock, processor) in times.items():
        print(f"  {name:17}  {how:12}   {clock:7.3f} s {processor:7.3f} s", flush=True)


def measure(project: Path, command: list[str], number: int) -> dict[str, Seconds]:
    """The best times of `command`, cold and warm; its answer is checked to be complete."""
    best: dict[str, Seconds] = {}
    for how, runs in RUNS.items():
        taken: list[Seconds] = []
        for _ in range(runs):
            if how == "cold":
                forget(project)
            elif how == "new question":
                shutil.rmtree(project / ".dvc" / "tmp" / "tiles" / "answers", ignore_errors=True)
            begun, worked = time.perf_counter(), processor_seconds()
            done = subprocess.run(command, cwd=project, capture_output=True, check=True)
            taken.append((time.perf_counter() - begun, processor_seconds() - worked))
            assert done.stdout.count(b"run-") >= number, "experiments are missing from the answer"
        best[how] = (min(clock for clock, _ in taken), min(processor for _, processor in taken))
    return best


def processor_seconds() -> float:
    """Of all processes that were started from here and have ended."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def forget(project: Path) -> None:
    """Remove what either tool keeps of an earlier reading."""
    for name in ("tiles", "exps"):
        shutil.rmtree(project / ".dvc" / "tmp" / name, ignore_errors=True)


def build(project: Path, number: int) -> None:
    """A project with as many experiments, each with params, figures and learning curve of its own."""
    project.mkdir()
    git(project, "init", "--quiet", "--initial-branch=main")
    git(project, "config", "user.name", "bench")
    git(project, "config", "user.email", "bench@localhost")
    subprocess.run([sys.executable, "-m", "dvc", "init", "--quiet"], cwd=project, check=True)
    shutil.copy(shipped("dvc.yaml"), project / "dvc.yaml")
    write(project, files(0))
    git(project, "add", "--all", "--force")
    git(project, "commit", "--quiet", "--message", "Base")
    base = git(project, "rev-parse", "HEAD")
    stream = "".join(commit(place, base) for place in range(1, number + 1))
    subprocess.run(["git", "fast-import", "--quiet"], cwd=project, input=stream.encode(), check=True)


def commit(place: int, base: str) -> str:
    """One experiment for `git fast-import`."""
    when = 1_760_000_000 + 60 * place
    lines = [
        f"commit refs/exps/{base[:2]}/{base[2:]}/run-{place:05d}",
        f"committer bench <bench@localhost> {when} +0000",
        data(f"dvc: commit experiment {place:064x}"),
        f"from {base}",
    ]
    for path, text in files(place).items():
        lines += [f"M 100644 inline {path}", data(text)]
    return "\n".join(lines) + "\n\n"


def data(text: str) -> str:
    return f"data {len(text.encode())}\n{text}"


def files(place: int) -> dict[str, str]:
    """What differs from one experiment to the next."""
    draw = random.Random(place)  # noqa: S311 - figures to look at
    rate, size = draw.choice([0.001, 0.002, 0.005, 0.01]), draw.choice([8, 16, 24, 32])
    params = shipped("params.yaml").read_text(encoding="utf-8")
    params = params.replace("learning_rate: 0.002", f"learning_rate: {rate}")
    params = params.replace("batch_size: 24", f"batch_size: {size}")
    curve = [0.8 * (1 - 0.9**epoch) + draw.uniform(-0.02, 0.02) for epoch in range(1, EPOCHS + 1)]
    training = {"train": {"loss": draw.random()}, "valid": {"loss": draw.random(), "dice": curve[-1]}, "epoch": EPOCHS}
    dice = draw.uniform(0.5, 0.9)
    figures = ("dice_mean", "dice_photo", "auroc", "defect_recall", "false_alarm_rate")
    types = ("blowhole", "break", "crack", "fray", "uneven")
    evaluation = {
        **{name: round(dice + draw.uniform(-0.1, 0.1), 6) for name in figures},
        "intervals": {name: {"low": dice - 0.1, "high": dice + 0.1} for name in figures},
        "per_defect": {name: {"dice": draw.random(), "recall": draw.random(), "photos": 12} for name in types},
    }
    return {
        "params.yaml": params,
        # DVC keeps what it read of a commit only where no file of its pipeline is missing.
        "environment/code.json": json.dumps(dict.fromkeys(("fetch", "split", "train", "export", "evaluate"), "0" * 64)),
        "data/split_audit.json": json.dumps({"tiles": 300, "leaked_share": 0.0, "copy_sibling_dice": 0.1}),
        "training/metrics.json": json.dumps(training, indent=2),
        "training/plots/metrics/valid/dice.tsv": "step\tdice\n" + "".join(f"{i}\t{v}\n" for i, v in enumerate(curve)),
        "evaluation/metrics.json": json.dumps(evaluation, indent=2),
        "dvc.lock": lock(draw),
    }


def lock(draw: random.Random) -> str:
    """A lock file in which every stage has read what the one before has written."""

    def entry(path: str, md5: str) -> str:
        return f"    - path: {path}\n      hash: md5\n      md5: '{md5}'\n      size: 1024\n"

    one, two, three = (f"{draw.getrandbits(128):032x}" for _ in range(3))
    shared = entry("data/dataset", "d" * 32 + ".dir") + entry("data/split.csv", "c" * 32)
    parts = [
        ("train", shared, entry("training/checkpoints/best.ckpt", one) + entry("training/run.json", two)),
        ("export", shared + entry("training/checkpoints/best.ckpt", one), entry("models/bundle", f"{three}.dir")),
        ("evaluate", shared + entry("models/bundle", f"{three}.dir"), entry("evaluation/per_image.csv", one)),
    ]
    stages = (
        f"  {name}:\n    cmd: python -m tilecli.stages.{name}\n    deps:\n{deps}    outs:\n{outs}"
        for name, deps, outs in parts
    )
    return "schema: '2.0'\nstages:\n" + "".join(stages)


def write(project: Path, texts: dict[str, str]) -> None:
    for path, text in texts.items():
        (project / path).parent.mkdir(parents=True, exist_ok=True)
        (project / path).write_text(text, encoding="utf-8")


def git(folder: Path, *arguments: str) -> str:
    done = subprocess.run(["git", *arguments], cwd=folder, capture_output=True, text=True, check=True)
    return done.stdout.strip()


if __name__ == "__main__":
    main()
