"""`tiles exp`: one file per verb or family of verbs; `app` puts them together."""
