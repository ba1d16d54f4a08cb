"""Stage `export`: checkpoint → models/bundle."""

from tilecli.config import Params
from tilecli.experiments.stage import run_stage
from tilecli.inference.export import export_bundle
from tilecli.layout import Project


def work(project: Project, params: Params) -> None:
    """Export the checkpoint and prove that the bundle agrees with it."""
    export_bundle(project, params)


if __name__ == "__main__":
    run_stage(work)
