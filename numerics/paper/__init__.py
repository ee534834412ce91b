"""`python -m numerics.paper`: everything that a write-up needs, in one folder. It runs the other commands; it computes nothing itself."""
