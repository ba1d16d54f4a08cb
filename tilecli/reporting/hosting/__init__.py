"""Where reports are published: pull requests of GitHub, merge requests of GitLab."""
