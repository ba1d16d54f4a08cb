"""A group of verbs, one of which is meant where none is named."""

from __future__ import annotations

from typing import Any

from typer.core import TyperGroup


def with_default(default: str) -> type[TyperGroup]:
    """`tiles report main` means `tiles report write main`, where `write` is the default."""

    class WithDefault(TyperGroup):
        def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
            """Put the default verb in front where none is named and no help is asked for."""
            if not (args and (args[0] in self.commands or args[0] in ctx.help_option_names)):
                args = [default, *args]
            return super().parse_args(ctx, args)

    return WithDefault
