"""Densities, quadrature, certified enclosures, fits, studies, and the commands that compare them with the theory.

Importing this package loads nothing heavy: each command imports JAX and the rest when it needs them.
"""

from unskew.ground.own_modules import leave_out_working_folder

leave_out_working_folder()
