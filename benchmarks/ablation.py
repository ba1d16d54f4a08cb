"""Which ingredients of the training recipe earn their place: variants × folds × seeds at one budget of steps.

    python benchmarks/ablation.py PROJECT OUT [--steps 2000] [--folds 5] [--seeds 0 1 …] [--jobs 1] [--only NAME]
        [-S key=value]

PROJECT has fetched photos; its params.yaml is the ground on which the variants below stand, and a variant itself. Each
run is a process of its own under OUT: trained, exported and evaluated as `tiles train` does it, without DVC. What is
finished is not run again, what was interrupted goes on. The tables are OUT/ablation.md and OUT/ablation.json; see
`ablation_tables`. A finished run is its settings.json, done.json and evaluation/per_image.csv, all text: kept elsewhere
and put back, they count as finished on another machine.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import ablation_tables

from tilecli import files, hardware, paramfile
from tilecli.config import Params
from tilecli.data.split import split_dataset
from tilecli.layout import Project

Overrides = Mapping[str, Any]

OWN = "params.yaml"  # the variant that changes nothing
EPOCHS = 10  # of any run, so that all choose their checkpoint from as many

# What every variant has, and every ingredient switched off.
BASE: Overrides = {
    "train.defect_crops": 0.0,
    "train.good_crops": 0.3,
    "train.balance": 0.0,
    "train.inject": 0.0,
    "train.inject_blend": "alpha",
    "train.dice_over": "batch",
    "train.loss": "bce_dice",
    "train.consistency": 0.0,
    "train.norm": "batch",
    "train.optimizer": "adamw",
    "train.prior_bias": 0.5,
    "train.augment": "light",
    "train.ema": 0.0,
    "train.pretrain_epochs": 0,
}
# What each ingredient changes. Those of the recipe are tried alone and left out of it, the others are added to both.
INGREDIENTS: Mapping[str, Overrides] = {
    "Muon": {"train.optimizer": "muon"},
    "defect-centred crops": {"train.defect_crops": 0.75, "train.balance": 0.5},
    "prior": {"train.prior_bias": 0.04742587},
    "EMA": {"train.ema": 0.99},
    "Dice per crop": {"train.dice_over": "crop"},
    "injection": {"train.inject": 0.5},
    "injection, Poisson": {"train.inject": 0.5, "train.inject_blend": "poisson"},
    "focal": {"train.loss": "focal_dice"},
    "consistency": {"train.consistency": 10.0},
    "group norm": {"train.norm": "group"},
    "mirroring alone": {"train.augment": "mirror"},
    "moves": {"train.augment": "moves"},
    "full augmentation": {"train.augment": "full"},
    "pre-training": {"train.pretrain_epochs": 4},
}
RECIPE = ("Muon", "defect-centred crops", "prior", "EMA", "injection")


@dataclass(frozen=True)
class Variant:
    """A line of the table."""

    name: str
    overrides: Overrides
    against: str | None  # the variant that it differs from by one ingredient


def variants() -> list[Variant]:
    """The project's own settings; the base and the recipe, each with every ingredient that it lacks, and the recipe
    without each that it has.
    """
    recipe = dict(BASE)
    for name in RECIPE:
        recipe |= INGREDIENTS[name]
    found = [Variant(OWN, {}, None), Variant("base", BASE, None)]
    found += [Variant(f"base + {name}", {**BASE, **own}, "base") for name, own in INGREDIENTS.items()]
    found.append(Variant("recipe", recipe, "base"))
    for name, own in INGREDIENTS.items():
        if name in RECIPE:
            off = {key: BASE[key] for key in own}
            found.append(Variant(f"recipe − {name}", {**recipe, **off}, "recipe"))
        else:
            found.append(Variant(f"recipe + {name}", {**recipe, **own}, "recipe"))
    return found


def run_all(
    project: Project,
    out: Path,
    chosen: Sequence[Variant],
    splits: Sequence[Overrides],
    seeds: Sequence[int],
    *,
    steps: int,
    jobs: int,
    overrides: Overrides,
) -> list[Path]:
    """Do every run that is not done, `jobs` at a time; returns the logs of those that failed.

    `splits` are overrides of params.yaml, one set per fold, which together test each photo once.
    """
    ground = paramfile.flatten(paramfile.parse_yaml(project.params.read_text(encoding="utf-8"), str(project.params)))
    budget = {"train.epochs": EPOCHS, "train.steps_per_epoch": max(1, steps // EPOCHS), "train.patience": 0}
    cheap = {"evaluate.pictures": 0, "evaluate.bootstrap": 0, "export.min_agreement": 0.0}
    folders = []
    for fold, split in enumerate(splits):
        common = {**ground, **budget, **cheap, **overrides, **split}
        shared = _split(project, out / f"split-{fold}", _params(common))
        for variant in chosen:
            for seed in seeds:
                folder = out / "runs" / _slug(variant.name) / f"fold-{fold}-seed-{seed}"
                params = _params({**ground, **variant.overrides, **budget, **cheap, **overrides, **split}, seed)
                if _prepare(folder, shared, params, {"variant": variant.name, "fold": fold, "seed": seed}):
                    folders.append(folder)
    print(f"{len(folders)} runs to do, {jobs} at a time", flush=True)
    threads = str(max(1, hardware.usable_cores() // jobs))
    environment = {"OMP_NUM_THREADS": threads, **os.environ}
    with ThreadPoolExecutor(jobs) as pool:
        codes = list(pool.map(lambda folder: _start(folder, environment), folders))
    return [folder / "log.txt" for folder, code in zip(folders, codes, strict=True) if code]


def _split(project: Project, folder: Path, params: Params) -> Project:
    """A project in `folder` with the photos of `project` and a split by `params`."""
    shared = Project(folder)
    shared.dataset.parent.mkdir(parents=True, exist_ok=True)
    if not shared.dataset.exists():
        shared.dataset.symlink_to(project.dataset.resolve(), target_is_directory=True)
    split_dataset(shared, params.split)
    return shared


def _prepare(folder: Path, shared: Project, params: Params, facts: dict[str, Any]) -> bool:
    """Lay down a run; False where it is done already with these settings on this split."""
    settings = {**facts, "params": params.model_dump(mode="json"), "split": files.sha256(shared.split)}
    known = folder / "settings.json"
    if known.is_file() and json.loads(known.read_text(encoding="utf-8")) == settings:
        return not (folder / "done.json").is_file()
    if folder.exists():
        shutil.rmtree(folder)
    run = Project(folder)
    run.dataset.parent.mkdir(parents=True)
    run.dataset.symlink_to(shared.dataset.resolve(), target_is_directory=True)
    shutil.copy(shared.split, run.split)
    files.write_json(known, settings)
    return True


def _start(folder: Path, environment: dict[str, str]) -> int:
    with (folder / "log.txt").open("a", encoding="utf-8") as log:
        command = [sys.executable, __file__, "--one", str(folder)]
        code = subprocess.run(command, env=environment, stdout=log, stderr=subprocess.STDOUT, check=False).returncode
    print(f"{folder.parent.name}/{folder.name}: {'done' if code == 0 else f'failed, see {folder}/log.txt'}", flush=True)
    return code


def run_one(folder: Path) -> None:
    """Train, export and evaluate the run laid down in `folder`, in this process."""
    from tilecli.inference.export import export_bundle
    from tilecli.inference.measure import evaluate_bundle
    from tilecli.learning import fit

    project = Project(folder)
    settings = json.loads((folder / "settings.json").read_text(encoding="utf-8"))
    params = Params.model_validate_json(json.dumps(settings["params"]))
    fit.train(project, params, resume=True)
    export_bundle(project, params)
    metrics = evaluate_bundle(project, params)
    training = json.loads((project.training / "run.json").read_text(encoding="utf-8"))
    (project.checkpoints / "last.ckpt").unlink(missing_ok=True)
    shown = {name: training[name] for name in ("epoch", "epochs", "valid_dice", "seconds", "precision", "device")}
    files.write_json(folder / "done.json", {"training": shown, "metrics": metrics})


def _params(flat: Overrides, seed: int = 0) -> Params:
    values: dict[str, Any] = {}
    for key, value in {**flat, "train.seed": seed}.items():
        paramfile.set_dotted(values, key, value)
    return paramfile.validate(values, "the variant")


def _slug(name: str) -> str:
    return "".join(letter if letter.isalnum() else "_" for letter in name.replace("−", "without").replace("+", "with"))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("project", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("--steps", type=int, default=2000, help="of the optimiser, of each run")
    parser.add_argument("--folds", type=int, default=5)
    parser.add_argument("--seeds", type=int, nargs="+", default=[0])
    parser.add_argument("--jobs", type=int, default=1, help="runs side by side")
    parser.add_argument("--only", action="append", help="a variant's name; several times for several")
    parser.add_argument("-S", dest="overrides", action="append", default=[], metavar="key=value", help="for every run")
    asked = parser.parse_args()
    known = variants()
    names = [variant.name for variant in known]
    unknown = sorted({*(asked.only or [])} - {*names})
    if unknown:
        parser.error(f"unknown variant {unknown[0]}; known: {', '.join(names)}")
    chosen = [variant for variant in known if not asked.only or variant.name in asked.only]
    splits = [{"split.folds": asked.folds, "split.fold": fold} for fold in range(asked.folds)]
    failed = run_all(
        Project(asked.project),
        asked.out,
        chosen,
        splits,
        asked.seeds,
        steps=asked.steps,
        jobs=asked.jobs,
        overrides=paramfile.parse_overrides(asked.overrides),
    )
    against = {variant.name: variant.against for variant in known}
    ablation_tables.write(asked.out, against, len(splits) * len(asked.seeds))
    print(f"{asked.out / 'ablation.md'}")
    if failed:
        sys.exit(f"{len(failed)} runs failed; the first log is {failed[0]}. The same command runs them again.")


if __name__ == "__main__":
    if sys.argv[1:2] == ["--one"]:
        run_one(Path(sys.argv[2]))
    else:
        main()
