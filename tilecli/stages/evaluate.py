"""Stage `evaluate`: bundle, manifest → evaluation/."""

from tilecli.config import Params
from tilecli.experiments.stage import run_stage
from tilecli.inference.measure import evaluate_bundle
from tilecli.layout import Project


def work(project: Project, params: Params) -> None:
    """Measure the bundle on the test photos."""
    evaluate_bundle(project, params)


if __name__ == "__main__":
    run_stage(work)
