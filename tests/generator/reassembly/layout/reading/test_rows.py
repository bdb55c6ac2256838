"""Tables of other programs are read, or the error names the cause: separators, encodings, decimal commas, headers."""

from __future__ import annotations

import csv
import gzip
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.generator.reassembly.layout.reading.conftest import Read, Refused

NAME = "historical_data.csv"


def lines(layout: Path) -> list[list[str]]:
    return [line.split(",") for line in (layout / NAME).read_text(encoding="utf-8").splitlines()]


def joined(table: list[list[str]], separator: str = ",", end: str = "\n") -> str:
    return "".join(separator.join(row) + end for row in table)


def store(layout: Path, text: str, encoding: str = "utf-8") -> None:
    (layout / NAME).write_bytes(text.encode(encoding))


@pytest.mark.parametrize(
    ("separator", "remarks"),
    [
        (";", [f"the separator of {NAME} is ';'"]),
        ("\t", [f"the separator of {NAME} is a tab"]),
        ("|", [f"the separator of {NAME} is '|'"]),
        ("  ", [f"the separator of {NAME} is a space"]),
        (", ", []),
    ],
)
def test_other_separators_are_read(layout: Path, digest: str, read: Read, separator: str, remarks: list[str]) -> None:
    store(layout, joined(lines(layout), separator))
    puzzle, found = read(layout)
    assert (puzzle.digest, found) == (digest, remarks)


@pytest.mark.parametrize("separator", [";", "\t"])
def test_decimal_commas_are_read(layout: Path, digest: str, read: Read, separator: str) -> None:
    store(layout, joined(lines(layout), separator).replace(".", ","))
    puzzle, remarks = read(layout)
    assert puzzle.digest == digest
    assert remarks[1:] == [f"the numbers of {NAME} have decimal commas"]


def test_decimal_commas_between_commas_are_refused(layout: Path, refused: Refused) -> None:
    head, *rows = lines(layout)
    with (layout / NAME).open("w", newline="") as file:
        csv.writer(file).writerows([head, *([cell.replace(".", ",") for cell in row] for row in rows)])
    assert "has numbers with a comma, such as" in refused(layout)
    store(layout, joined([head, *([cell.replace(".", ",") for cell in row] for row in rows)]))
    assert "more fields than the header; write decimal points, not commas" in refused(layout)


@pytest.mark.parametrize(
    ("encoding", "remarks"), [("utf-8-sig", []), ("utf-16", [f"{NAME} is UTF-16 text"])], ids=["BOM", "UTF-16"]
)
def test_other_encodings_are_read(layout: Path, digest: str, read: Read, encoding: str, remarks: list[str]) -> None:
    store(layout, joined(lines(layout)), encoding)
    puzzle, found = read(layout)
    assert (puzzle.digest, found) == (digest, remarks)


def test_unreadable_encodings_are_named(layout: Path, refused: Refused) -> None:
    text = joined(lines(layout))
    store(layout, text, "utf-16-le")
    assert "is no table of text (it holds zero bytes); save it as CSV in UTF-8" in refused(layout)
    store(layout, text.replace("true", "größe"), "latin-1")
    assert "is no table of UTF-8 text; save it as CSV in UTF-8" in refused(layout)


@pytest.mark.parametrize("end", ["\r\n", "\r"])
def test_other_ends_of_lines_are_read(layout: Path, digest: str, read: Read, end: str) -> None:
    store(layout, joined(lines(layout), end=end))
    puzzle, remarks = read(layout)
    assert (puzzle.digest, remarks) == (digest, [])


def test_gzip_under_the_published_name_is_read(layout: Path, digest: str, read: Read, refused: Refused) -> None:
    packed = gzip.compress((layout / NAME).read_bytes())
    (layout / NAME).write_bytes(packed)
    puzzle, remarks = read(layout)
    assert (puzzle.digest, remarks) == (digest, [])
    (layout / NAME).write_bytes(packed[:-20])
    assert "is a truncated or damaged gzip archive; fetch it again" in refused(layout)
    (layout / NAME).write_bytes(gzip.compress(bytes(257) + b"ustar" + bytes(250)))
    assert "is a tar archive, not a table" in refused(layout)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda text: text.split("\n", 1)[1], "has no header: line 1 holds numbers; add the line measurement_0"),
        (lambda text: text.split("\n", 1)[1].replace(",", ";"), "has no header: line 1 holds numbers"),
        (lambda _: "1,0,3,3\n", "has no header"),
        (lambda text: text.split("\n", 1)[0], "has no rows below its first line, 'measurement_0,"),
        (lambda _: "404: Not Found", "has no rows below its first line, '404: Not Found'"),
        (lambda _: "\n\n", "is no table; it is blank"),
        (lambda text: "# " + text, "begins with '# measurement_0,meas'; remove this mark"),
        (lambda text: "sep=,\n" + text, "begins with 'sep=,'; remove this mark"),
        (lambda text: text + "1,2,3,4,5,6,7,8\n", "is no table (line 7 has 8 fields, the header has 6)"),
        (lambda text: text.replace("true", "pred"), "has the column 'pred' twice"),
        (lambda text: text.replace("true", " pred"), "has the column 'pred' twice"),
    ],
)
def test_the_error_for_a_broken_table_gives_the_reason(
    layout: Path, refused: Refused, change: Callable[[str], str], message: str
) -> None:
    store(layout, change((layout / NAME).read_text(encoding="utf-8")))
    assert f"{NAME} {message}" in refused(layout)
