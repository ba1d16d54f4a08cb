"""DVC pipelines and experiments: running, reading, comparing."""
