"""Recover networks with several hidden layers: find the first layer, then fit the rest as a shallower network."""
