"""The field study: every remedy for imbalance on real tables and images, and what theory predicts beforehand beside what is measured."""
