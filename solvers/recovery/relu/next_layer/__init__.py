"""Recover the layer after the known ones: its units, the signs of the last known layer, and open weights."""
