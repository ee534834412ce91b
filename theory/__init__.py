"""Symbolic statements and proofs. Imports SymPy only; one file a result, named as in the theory sheet."""

from unskew.ground.own_modules import leave_out_working_folder

leave_out_working_folder()
