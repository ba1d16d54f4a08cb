"""Versions of the data on top of git and DVC: batches, differences, commits and the way back."""
