"""Stage `check_packages`: versions, code and sources that figures depend on → environment/."""

from tilecli.config import Params
from tilecli.experiments import environment
from tilecli.experiments.stage import run_stage
from tilecli.layout import Project


def work(project: Project, params: Params) -> None:
    """Write the locked requirements, the code hashes and the sources' hashes."""
    environment.write_environment(project, params)


if __name__ == "__main__":
    run_stage(work)
