"""From observations to a verdict: calibration, fusion, the one table of words."""
