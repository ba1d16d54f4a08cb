"""Stage `check_packages`: versions and code that figures depend on → environment/."""

from tilecli import files
from tilecli.config import Params
from tilecli.experiments import environment
from tilecli.experiments.stage import run_stage
from tilecli.layout import Project


def work(project: Project, _: Params) -> None:
    """Write the locked requirements and the code hashes."""
    files.write_text(project.requirements, "\n".join(environment.locked_requirements()) + "\n")
    files.write_json(project.code, {stage: environment.stage_code(stage) for stage in environment.STAGES})


if __name__ == "__main__":
    run_stage(work)
