"""Answer the queries that a program writes to its standard output.

A query is one line of JSON. The reply is one line on the program's standard input:

    {"query": [[0.1, 0.2], [0.3, 0.4]]}      ->  {"outputs": [[1.5], [0.25]], "left": 9998}
                                             or  {"error": "budget spent: ...", "left": 0}

Numbers in a reply have up to 17 significant digits, so a program reads exactly the same float64. `oracle.json` in the
working folder holds the shapes, the bounds and the budget.
"""

from __future__ import annotations

import contextlib
import dataclasses
import json
import re
from typing import IO, TYPE_CHECKING, Any

from benchmark.isolation.child.listening import LONGEST_LINE
from generator.errors import QueryError

if TYPE_CHECKING:
    from pathlib import Path

    from pydantic import JsonValue

    from generator.family.oracle import Oracle

__all__ = ["TERMS_FILE", "QueryServer", "write_terms"]

TERMS_FILE = "oracle.json"
"""Name of the file in a program's working folder that holds the oracle's shapes, bounds and budget."""
QUERY = re.compile(rb'\s*\{\s*"query"')
"""The start of a line that is a query: a JSON object whose first key is `query`."""
NUMBER_BYTES = 32
"""Bytes reserved per number in the line of a query. A larger value accepts longer lines. Hand-set."""


def write_terms(oracle: Oracle, folder: Path) -> None:
    """Write the oracle's terms for the program: inputs, outputs, budget, bounds, rows per call."""
    terms = {**dataclasses.asdict(oracle.terms), "budget": oracle.left}
    (folder / TERMS_FILE).write_text(json.dumps(terms, indent=1) + "\n", encoding="utf-8")


class QueryServer:
    """Passes a program's queries to the oracle, and writes the replies to the program's standard input."""

    def __init__(self, oracle: Oracle, stdin: IO[bytes]) -> None:
        self._oracle, self._stdin = oracle, stdin
        terms = oracle.terms
        self.longest_line = max(LONGEST_LINE, NUMBER_BYTES * terms.rows_per_call * terms.inputs)

    def serve(self, line: bytes) -> bool:
        """Answer a line that is a query; return False for any other line."""
        if not QUERY.match(line):
            return False
        try:
            reply: dict[str, JsonValue] = {"outputs": self._oracle(_query(line)).tolist()}
        except QueryError as error:
            reply = {"error": str(error)}
        with contextlib.suppress(BrokenPipeError):  # the program has closed its input, or ended
            self._stdin.write(json.dumps({**reply, "left": self._oracle.left}).encode() + b"\n")
        return True


def _query(line: bytes) -> Any:
    try:
        return json.loads(line)["query"]
    except (ValueError, TypeError, KeyError, RecursionError):
        raise QueryError('wrong shape: write one line of JSON, {"query": [[0.1, 0.2]]}') from None
