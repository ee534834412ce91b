"""What imbalance of labels costs a fitted regressor, and how to get it back."""
