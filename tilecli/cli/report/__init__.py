"""`tiles report` and what belongs to it."""
