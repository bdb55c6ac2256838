"""Cluster the students' hidden units, and replace each cluster by one unit."""
