"""Ranked records as text and files."""
