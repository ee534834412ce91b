"""Benchmarks: speed and accuracy of the commands, as ratios within one run."""

from unskew.ground.own_modules import leave_out_working_folder

leave_out_working_folder()
