"""One entry module per DVC stage, at most 30 lines, imported by nobody."""
