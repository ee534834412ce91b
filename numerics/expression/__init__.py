"""Expressions in the label `y`: parsed from text (`parse`), differentiated (`calculus`), evaluated in doubles (`values`) and in balls (`balls`)."""
