"""Rigorous enclosures in ball arithmetic: what the labels alone decide (`certificates`), the price under a Gaussian channel (`price`), the theory's constants."""
