"""The family `recovery`: find the sizes and weights of a hidden network from its outputs."""
