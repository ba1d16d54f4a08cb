"""What every request passes: keys, limits, problem documents, and whether an upload may be decoded."""
