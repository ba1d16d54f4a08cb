"""The bundle behind HTTP: `tiles serve`. No torch, no DVC."""
