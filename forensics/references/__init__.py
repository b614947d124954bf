"""What an item is compared with: control clips, persons, sources."""
