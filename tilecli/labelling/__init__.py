"""A local page to label photos: which ones, their drafts, their exposures, and the batch that they become."""
