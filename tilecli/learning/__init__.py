"""Networks, losses, the Lightning task and the fit loop."""
