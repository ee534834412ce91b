"""One file a result: the checks of its claims, and the wrong versions that they must reject."""
