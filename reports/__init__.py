"""Renderers: pure functions of the frozen record and the exhibits it names."""
