"""Label laws: densities on a bounded support by name or typed (`densities`), from a file (`labels`), and atoms (`discrete`); all exact where they can be."""
