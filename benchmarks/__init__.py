"""Benchmarks: speed and accuracy of the commands, as ratios within one run."""
