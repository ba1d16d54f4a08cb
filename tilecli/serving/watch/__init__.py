"""Who else sees what was found: the recorder, the shadow, the watch for drift."""
