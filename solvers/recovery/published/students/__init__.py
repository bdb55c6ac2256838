"""Ensembles of students: networks of one shape that are trained together on the same table."""
