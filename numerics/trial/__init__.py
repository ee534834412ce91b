"""Trains the remedies for imbalance on a user's table and sets what theory predicts beside what is measured."""
