"""Bad input, said in one line.

Every command raises `InputError` for what its user can mend; `unskew.ground.command.run` turns it into one line on stderr and exit code 2.
"""

from __future__ import annotations


class InputError(Exception):
    """Input that the user can mend.

    Args:
      culprit: what is wrong, naming the file, option or value.
      remedy: what to do about it.
    """

    def __init__(self, culprit: str, remedy: str) -> None:
        super().__init__(f"{culprit}: {remedy}")
        self.culprit = culprit
        self.remedy = remedy
