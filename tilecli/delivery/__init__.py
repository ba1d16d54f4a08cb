"""From a commit to a model in use: the jobs of a CI, deployment, and whether what answers there is meant."""
