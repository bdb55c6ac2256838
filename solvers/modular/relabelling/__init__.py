"""Residues of shuffled symbols: from the table of the function, or from the weights of one layer."""
