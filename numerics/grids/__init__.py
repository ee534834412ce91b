"""Inputs and labels on a grid, and the values of terms there."""
