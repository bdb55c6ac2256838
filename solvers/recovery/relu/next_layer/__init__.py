"""Recover the layer after the known ones: its units, their signs, and what it leaves open."""
