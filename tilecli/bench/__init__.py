"""Speed on this machine, as ratios measured side by side in one run. `tiles bench` draws what these return."""
