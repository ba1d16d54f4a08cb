"""`tiles deploy heroku`."""


def heroku() -> None:
    """X."""
