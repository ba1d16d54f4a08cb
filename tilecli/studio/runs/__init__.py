"""One run: which it is, how far it is, what it said, what it costs this machine."""
