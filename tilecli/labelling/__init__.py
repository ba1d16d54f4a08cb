"""A local page to paint, correct or reject masks: which photos, their drafts, their exposures, and the batch they become."""
