"""The case file: a folder that keeps items, records and their log."""
