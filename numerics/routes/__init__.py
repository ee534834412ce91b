"""Routes to a number: each takes a term of a statement and returns an estimate with its error, by code that no other route shares."""
