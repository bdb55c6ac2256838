"""Computes for ever while it is being imported."""

from __future__ import annotations

from typing import Any


while True:
    pass
