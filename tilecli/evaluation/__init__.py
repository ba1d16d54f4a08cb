"""Metrics, the evaluation of a bundle and its pictures. Knows nothing of engines."""
