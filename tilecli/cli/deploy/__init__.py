"""`tiles deploy` and what belongs to it."""
