"""Pairing of incoming and outgoing halves, by weights and by data."""
