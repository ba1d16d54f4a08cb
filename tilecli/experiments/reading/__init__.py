"""Reading what was tried: git objects, DVC's lock files, queue and cache, and what was read before."""
