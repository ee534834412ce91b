"""The numbers of Part I by quadrature over labels and inputs: `quantities.quantities(world)` returns the `records`; the label side is a module of its own."""
