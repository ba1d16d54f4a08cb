"""The pages, what they ask for, and what they may change."""
