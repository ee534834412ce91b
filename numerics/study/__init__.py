"""The paper's 1-D study with controls: thousands of trainings, matched pairs, intervals, verdicts.

`python -m numerics.study --help`. Importing this package loads nothing heavy.
"""
