"""Further records of a training beside DVCLive's, on this machine alone: one module per tool, each an extra."""
