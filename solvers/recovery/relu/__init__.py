"""Recovery of piecewise-linear networks (ReLU and leaky ReLU) by adaptive queries, layer by layer."""
