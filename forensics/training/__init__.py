"""What made the models: pseudo-fakes, video degradation, the loop."""
