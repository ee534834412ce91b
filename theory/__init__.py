"""Symbolic statements and proofs. Imports SymPy only; one file a result, named as in the theory sheet."""
