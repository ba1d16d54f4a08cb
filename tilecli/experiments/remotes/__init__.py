"""Where versions of photos and models lie: DVC remotes set up, tried out, filled and read."""
