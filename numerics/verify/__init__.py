"""The verifier: one label density in, every statement set against its numbers, by four kinds of evidence, and one verdict."""
