"""Peeling: identify blocks one by one from the input, by the evidence of a linear model of the rest."""
