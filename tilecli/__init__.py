"""tiles: photos of parts with defect masks to a measured, deployed defect detector."""

__version__ = "0.1.0"
