"""One method, one file. Files are found by walking this folder; none imports another."""
