"""`tiles deploy check`."""


def check() -> None:
    """X."""
