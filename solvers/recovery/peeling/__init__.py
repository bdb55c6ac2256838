"""Recover networks with several hidden layers: find the first layer, then treat the rest as a shallower network."""
