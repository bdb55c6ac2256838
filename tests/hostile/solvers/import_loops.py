"""Computes for ever while it is being imported."""

from __future__ import annotations

while True:
    pass
