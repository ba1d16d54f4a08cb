"""`tiles data`: one file per verb or family of verbs; `app` puts them together."""
