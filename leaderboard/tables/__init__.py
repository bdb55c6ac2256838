"""Ranked tables as text and files."""
