"""Fit a layer with known hyperplanes: output weights, signs, and the linear part of units without a kink."""
