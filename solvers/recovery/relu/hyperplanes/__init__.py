"""Scan a piecewise-linear function for kinks, and find the flat hyperplanes on which they lie."""
