"""What a run comes to, for those who decide about it: the report, and the gate that a merge has to pass."""
