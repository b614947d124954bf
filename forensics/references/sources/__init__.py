"""Finding the original footage of an item, and measuring what differs from it."""
