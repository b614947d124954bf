"""Measuring the tool on videos whose answer is known: manifests, protocol, tables."""
