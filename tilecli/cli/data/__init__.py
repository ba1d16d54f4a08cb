"""`tiles data`: one file per verb or small family."""
