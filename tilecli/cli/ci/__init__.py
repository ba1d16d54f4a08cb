"""`tiles ci` and what belongs to it."""
