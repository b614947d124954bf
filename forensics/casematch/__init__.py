"""Case-matched validation: the methods, measured on the footage of one case."""
