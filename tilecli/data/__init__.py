"""Photos in: sources, archives, the dataset and its index, tiles, split, preprocessing, augmentation."""
