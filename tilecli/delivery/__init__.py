"""Bringing a bundle to where it answers, and finding out whether what answers there is what was meant."""
