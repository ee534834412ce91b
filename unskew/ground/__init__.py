"""The ground room: exit codes, refusals in one line, option types, atomic files. No mathematics, and nothing heavy is imported."""
