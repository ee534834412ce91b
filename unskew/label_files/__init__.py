"""One column of numbers out of a file that a user names (`reader.read_column`), and a report of what was found in it."""
