"""`tiles studio …`: one file per verb."""
