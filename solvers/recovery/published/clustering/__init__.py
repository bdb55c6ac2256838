"""Clusters of the students' hidden units, and the units that they stand for."""
