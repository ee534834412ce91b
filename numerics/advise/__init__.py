"""`python -m numerics.advise`: whether a column of labels calls for a classification term, with which classes, and what it can buy."""
