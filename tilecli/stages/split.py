"""Stage `split`: dataset → data/split.csv, data/split_audit.json."""

from tilecli.config import Params
from tilecli.data.split import split_dataset
from tilecli.experiments.stage import run_stage
from tilecli.layout import Project


def work(project: Project, params: Params) -> None:
    """Assign tiles to subsets and audit the result."""
    split_dataset(project, params.split)


if __name__ == "__main__":
    run_stage(work)
