"""Determine the activation of a hidden network from its outputs."""
