"""One figure a result. Figures draw saved results and compute nothing."""
