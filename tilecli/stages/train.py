"""Stage `train`: dataset, manifest → training/."""

from tilecli import hardware
from tilecli.config import Params
from tilecli.experiments.stage import resume_wanted, run_stage
from tilecli.layout import Project


def work(project: Project, params: Params) -> None:
    """Fit the network, from the last epoch where resuming was asked for."""
    hardware.spin_briefly()
    from tilecli.learning.fit import train

    train(project, params, resume=resume_wanted())


if __name__ == "__main__":
    run_stage(work)
