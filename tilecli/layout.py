"""Where everything of a project lies: every artefact path, once. Opens nothing."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from tilecli.errors import ProjectError

GOOD = "good"  # the defect type of a photo without a defect, in every table
BATCHES = "data/batches"  # of a project: photos that joined its dataset, one folder each


@dataclass(frozen=True)
class Project:
    """A tiles project's folders and files; `root` holds dvc.yaml and params.yaml."""

    root: Path
    # The project that `root` is a temporary clone of: relative sources count from there.
    origin: Path | None = None

    @property
    def sources_root(self) -> Path:
        """Where relative paths in `data.sources` start."""
        return self.origin or self.root

    @property
    def params(self) -> Path:
        """Settings."""
        return self.root / "params.yaml"

    @property
    def pipeline(self) -> Path:
        """The stages."""
        return self.root / "dvc.yaml"

    @property
    def lock(self) -> Path:
        """What each stage last read and wrote, by hash; DVC's own file."""
        return self.root / "dvc.lock"

    @property
    def requirements(self) -> Path:
        """Versions of the packages that figures depend on."""
        return self.root / "environment" / "requirements.txt"

    @property
    def code(self) -> Path:
        """Hash of the code that each stage runs."""
        return self.root / "environment" / "code.json"

    @property
    def sources(self) -> Path:
        """Hash of what each source on this machine holds."""
        return self.root / "environment" / "sources.json"

    @property
    def batches(self) -> Path:
        """Photos that joined the dataset later, a folder per batch; `data.sources` says which count."""
        return self.root / BATCHES

    @property
    def downloads(self) -> Path:
        """Archives fetched from the network, whole ones and parts to resume."""
        return self.root / "data" / "downloads"

    @property
    def dataset(self) -> Path:
        """Photos, masks and index."""
        return self.root / "data" / "dataset"

    @property
    def index(self) -> Path:
        """One row per photo."""
        return self.dataset / "index.csv"

    @property
    def classes(self) -> Path:
        """The defect types that a network learns to tell apart; there only where `data.target` is `type`."""
        return self.dataset / "classes.json"

    @property
    def split(self) -> Path:
        """Photo → tile, subset."""
        return self.root / "data" / "split.csv"

    @property
    def split_audit(self) -> Path:
        """How much the split leaks."""
        return self.root / "data" / "split_audit.json"

    @property
    def report(self) -> Path:
        """What `tiles report` wrote: report.md, report.html, gate.json."""
        return self.root / "report"

    @property
    def audit(self) -> Path:
        """What `tiles data audit` found: report.html and report.json."""
        return self.root / "audit"

    @property
    def audit_ignored(self) -> Path:
        """Findings that somebody has looked at and found well."""
        return self.root / "data" / "audit_ignored.csv"

    @property
    def training(self) -> Path:
        """DVCLive's folder."""
        return self.root / "training"

    @property
    def training_metrics(self) -> Path:
        """The last epoch's figures."""
        return self.training / "metrics.json"

    @property
    def valid_dice(self) -> Path:
        """Dice on the valid subset, one row per epoch."""
        return self.training / "plots" / "metrics" / "valid" / "dice.tsv"

    @property
    def checkpoints(self) -> Path:
        """`best.ckpt` and `last.ckpt`."""
        return self.training / "checkpoints"

    @property
    def epoch_pictures(self) -> Path:
        """A few validation photos as they were predicted at each validation."""
        return self.training / "pictures"

    @property
    def logs(self) -> Path:
        """What `train.loggers` write, of all runs; a temporary clone's go to the project that it is a clone of."""
        return self.sources_root / "logs"

    @property
    def bundle(self) -> Path:
        """What is deployed."""
        return self.root / "models" / "bundle"

    @property
    def evaluation(self) -> Path:
        """Records of the last evaluation."""
        return self.root / "evaluation"

    @property
    def metrics(self) -> Path:
        """Reported figures."""
        return self.evaluation / "metrics.json"

    @property
    def per_image(self) -> Path:
        """One row per test photo."""
        return self.evaluation / "per_image.csv"

    @property
    def histogram(self) -> Path:
        """How many test pixels had which probability."""
        return self.evaluation / "histogram.csv"

    @property
    def plots(self) -> Path:
        """Series that DVC draws."""
        return self.evaluation / "plots"

    @property
    def pictures(self) -> Path:
        """Photo | truth | prediction | error map."""
        return self.evaluation / "predictions"

    @property
    def live(self) -> Path:
        """How far the last command in the working tree is, or was: `status.json`, and `output.log`, what it said."""
        return self.scratch / "live"

    @property
    def scratch(self) -> Path:
        """What belongs to this machine alone: running work, caches."""
        return self.root / ".dvc" / "tmp" / "tiles"


def find_project(start: Path | None = None) -> Project:
    """The project that `start` (default: the current folder) lies in."""
    here = (start or Path.cwd()).resolve()
    for folder in (here, *here.parents):
        if (folder / "dvc.yaml").is_file() and (folder / "params.yaml").is_file():
            return Project(folder)
    raise ProjectError(
        "this is not a tiles project: no dvc.yaml and params.yaml here or above",
        where=str(here),
        hint="tiles init",
    )


def shipped(name: str) -> Path:
    """A file that comes with tiles: `dvc.yaml`, `params.yaml`, `configs/demo.yaml`.

    A wheel carries them inside the package; a checkout has them at its top, where people look for them.
    """
    inside = Path(__file__).parent / "scaffold" / "shipped" / name
    return inside if inside.exists() else Path(__file__).parent.parent / name
