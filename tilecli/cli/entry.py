"""Where `tiles` begins: what can be answered at once is, before anything is imported for the rest."""

from __future__ import annotations

import sys


def main() -> None:
    """Run the command line."""
    if sys.argv[1:3] == ["exp", "compare"]:
        from tilecli.cli.exp.recall import recall

        if recall(sys.argv[1:]):
            return
    from tilecli.cli.main import main as run

    run()
