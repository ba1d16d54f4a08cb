"""The photos that a run was measured on, their masks, and what its model says of them; all out of DVC's cache."""
