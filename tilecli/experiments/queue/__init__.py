"""Experiments that wait and run in the background: tasks, the workers that run them, sweeps and searches."""
