"""From a commit to a model in use: the jobs of a CI, what a bundle is deployed with, and whether what answers is meant."""
