"""Transformers with hand-made attention."""
