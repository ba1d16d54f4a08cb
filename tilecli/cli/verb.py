"""What every verb has around it: one error funnel and one way to end on Ctrl-C."""

from __future__ import annotations

import functools
import os
import sys
from collections.abc import Callable
from typing import TYPE_CHECKING, ParamSpec, TypeVar

import typer

from tilecli.errors import TRACEBACK_VARIABLE

if TYPE_CHECKING:
    from tilecli.errors import TilesError

P = ParamSpec("P")
R = TypeVar("R")
_DATA = {"configobj", "dvc", "dvc_data", "dvc_objects", "gto", "jinja2", "matplotlib", "packaging", "platformdirs"}
_DATA |= {"plotly", "ruamel"}  # modules of the extra `data`


def verb(function: Callable[P, R]) -> Callable[P, R]:
    """Turn errors into one clear message and an exit code; `--traceback` shows where they came from."""

    @functools.wraps(function)
    def guarded(*args: P.args, **kwargs: P.kwargs) -> R:
        from tilecli import quiet
        from tilecli.errors import TilesError

        quiet.be_quiet()
        try:
            return function(*args, **kwargs)
        except TilesError as error:
            from tilecli.cli.terminal import show_error

            if os.environ.get(TRACEBACK_VARIABLE):
                raise
            show_error(error)
            raise typer.Exit(error.exit_code) from None
        except KeyboardInterrupt:
            sys.stderr.write("\nstopped\n")
            raise typer.Exit(130) from None
        except BrokenPipeError:
            # The reader of the pipe went away (`| head`): nothing is wrong, and nothing more can be said.
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            raise typer.Exit(0) from None
        except (typer.Exit, typer.Abort):
            raise
        except Exception as error:
            if os.environ.get(TRACEBACK_VARIABLE):
                raise
            from tilecli.cli.terminal import show_error as show

            show(_unexpected(error))
            raise typer.Exit(1) from None

    return guarded


def _unexpected(error: Exception) -> TilesError:
    from tilecli.errors import MissingExtraError, TilesError

    if isinstance(error, ModuleNotFoundError) and error.name and not error.name.startswith("tilecli"):
        # The base install predicts; whatever else a verb imports comes with one of these two extras.
        package = error.name.partition(".")[0]
        return MissingExtraError(package, "data" if package in _DATA else "train")
    what = f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
    return TilesError(f"unexpected: {what}", hint="the same command with --traceback shows where; please report it")
