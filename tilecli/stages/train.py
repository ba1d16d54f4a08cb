"""Stage `train`: dataset, manifest → training/."""

from tilecli.config import Params
from tilecli.experiments.stage import resume_wanted, run_stage
from tilecli.layout import Project
from tilecli.learning.fit import train


def work(project: Project, params: Params) -> None:
    """Fit the network, from the last epoch where resuming was asked for."""
    train(project, params, resume=resume_wanted())


if __name__ == "__main__":
    run_stage(work)
