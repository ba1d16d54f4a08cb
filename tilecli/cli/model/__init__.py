"""`tiles model` and what belongs to it."""
