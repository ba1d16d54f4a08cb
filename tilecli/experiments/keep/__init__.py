"""Keeping experiments: apply, branch, rename, remove, collect garbage, push, pull, reproduce."""
