"""Looks for a listener outside."""

from __future__ import annotations

import socket
from typing import Any


class Attack:
    def __init__(self, port: int = 0) -> None:
        self.port = port

    def solve(self, puzzle: Any, context: Any) -> Any:
        with socket.create_connection(("127.0.0.1", self.port), timeout=1):
            return list(range(len(puzzle)))
