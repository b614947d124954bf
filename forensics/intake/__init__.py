"""From a hostile file to faces: seal, probe, frames, shots, detection, tracks, quality."""
