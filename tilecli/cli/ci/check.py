"""`tiles ci check`: what a job would lack."""

from __future__ import annotations

from typing import Annotated

import typer

from tilecli.cli.doctor import show
from tilecli.cli.options import Json
from tilecli.cli.verb import verb


@verb
def check(
    base: Annotated[
        str | None, typer.Option("--base", metavar="BRANCH", help="That runs are compared with; has to be fetched.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Look for what jobs need: the git remote, the base, the token, the DVC remote and its secrets.

    Exit code 1 when something is missing. On a runner, the token and the secrets are looked for too.

    Example: tiles ci check --base main
    """
    import os

    from tilecli.delivery.jobs.readiness import findings
    from tilecli.layout import find_project

    show(findings(find_project(), os.environ, base), as_json=as_json)
