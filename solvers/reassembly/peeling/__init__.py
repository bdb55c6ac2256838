"""Blocks identified one by one from the input, by the evidence of a linear model."""
