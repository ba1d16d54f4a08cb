"""Stage `fetch`: sources → data/dataset."""

from tilecli.config import Params
from tilecli.data.fetch import fetch_dataset
from tilecli.experiments.stage import run_stage
from tilecli.layout import Project


def work(project: Project, params: Params) -> None:
    """Get and check the photos."""
    fetch_dataset(project, params.data)


if __name__ == "__main__":
    run_stage(work)
