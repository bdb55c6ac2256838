"""Read the rows of a table whose separator, encoding, compression or decimal sign may differ from the published one."""

from __future__ import annotations

import csv
import gzip
import io
import re
import zlib
from typing import TYPE_CHECKING

import pandas as pd

from generator.errors import LayoutError, StorageError
from generator.files.recognise import refuse_other_content

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

__all__ = ["read_rows"]

SEPARATORS = {"\t": "a tab", ";": "';'", "|": "'|'", ",": "','", r"\s+": "a space"}
"""Separators, tried in this order. The comma comes late, because numbers with decimal commas hold commas too."""

DECIMAL_COMMA = re.compile(r"[+-]?[0-9]*,[0-9]+(?:[eE][+-]?[0-9]+)?")
NUMBER = re.compile(r"[+-]?(?:[0-9]+[.,]?[0-9]*|[.,][0-9]+)(?:[eE][+-]?[0-9]+)?|nan|[+-]?inf", re.IGNORECASE)


def read_rows(path: Path, remark: Callable[[str], None]) -> pd.DataFrame:
    """Read a table of text; cells that are no numbers stay text.

    Args:
        path: the file.
        remark: is called with each difference from a plain CSV file that was read nevertheless.

    Raises:
        StorageError: if the file is missing or cannot be read.
        LayoutError: if it is no table, has no header or no rows, or names a column twice.
    """
    kind = refuse_other_content(path, "a table", {"gzip", "text"})
    text = _decode(_content(path, packed=kind == "gzip"), path, remark)
    separator, header = _header(text, path)
    if separator != ",":
        remark(f"the separator of {path.name} is {SEPARATORS[separator]}")
    table = _parse(text, path, separator, ".")
    if _decimal_commas(table):
        if separator == ",":
            raise LayoutError(f"{path} has numbers with a comma, such as {_decimal_commas(table)!r}; write a point")
        remark(f"the numbers of {path.name} have decimal commas")
        table = _parse(text, path, separator, ",")
    if table.empty:
        raise LayoutError(f"{path} has no rows below its first line, {text.strip()[:40]!r}")
    if not isinstance(table.index, pd.RangeIndex):  # pandas turns surplus fields into row names
        commas = "; write decimal points, not commas" if separator == "," else ""
        raise LayoutError(f"{path}: the rows have more fields than the header{commas}")
    table.columns = pd.Index(header if len(header) == len(table.columns) else [str(one) for one in table.columns])
    return table


def _content(path: Path, *, packed: bool) -> bytes:
    try:
        content = path.read_bytes()
    except OSError as error:
        raise StorageError(f"cannot read {path}: {error.strerror or error}") from error
    if not packed:
        return content
    try:
        unpacked = gzip.decompress(content)
    except (OSError, EOFError, zlib.error):
        raise LayoutError(f"{path} is a truncated or damaged gzip archive; fetch it again") from None
    if unpacked[257:262] == b"ustar":
        raise LayoutError(f"{path} is a tar archive, not a table; unpack it first (tar xzf)")
    return unpacked


def _decode(content: bytes, path: Path, remark: Callable[[str], None]) -> str:
    encoding = "utf-8-sig"
    if content.startswith((b"\xff\xfe", b"\xfe\xff")):
        encoding = "utf-16"
        remark(f"{path.name} is UTF-16 text")
    try:
        text = content.decode(encoding)
    except UnicodeDecodeError:
        raise LayoutError(f"{path} is no table of UTF-8 text; save it as CSV in UTF-8") from None
    if "\x00" in text:
        raise LayoutError(f"{path} is no table of text (it holds zero bytes); save it as CSV in UTF-8")
    return text


def _header(text: str, path: Path) -> tuple[str, list[str]]:
    """Find the separator and the names of the columns in the first line."""
    first = next((line for line in text.splitlines() if line.strip()), "")
    if not first:
        raise LayoutError(f"{path} is no table; it is blank")
    if first.startswith("#") or first.lower().startswith("sep="):
        raise LayoutError(f"{path} begins with {first[:20]!r}; remove this mark, so that line 1 names the columns")
    separator = next((sign for sign in SEPARATORS if sign in first), r"\s+" if " " in first.strip() else ",")
    fields = first.split() if separator == r"\s+" else next(csv.reader([first], delimiter=separator))
    names = [field.strip() for field in fields]
    if all(NUMBER.fullmatch(name) for name in names) and names != [str(i) for i in range(len(names))]:
        raise LayoutError(
            f"{path} has no header: line 1 holds numbers; add the line measurement_0, ..., "
            f"measurement_<d-1>, pred, true, with commas ({len(names)} columns)"
        )
    twice = next((name for name in names if name and names.count(name) > 1), None)
    if twice is not None:
        raise LayoutError(f"{path} has the column {twice!r} twice")
    return separator, names


def _parse(text: str, path: Path, separator: str, decimal: str) -> pd.DataFrame:
    try:
        return pd.read_csv(
            io.StringIO(text),
            sep=separator,
            decimal=decimal,
            na_values=[""],
            keep_default_na=False,
            skipinitialspace=True,
            low_memory=False,
        )
    except (pd.errors.ParserError, pd.errors.EmptyDataError) as error:
        fields = re.search(r"Expected (\d+) fields in line (\d+), saw (\d+)", str(error))
        reason = " ".join(str(error).split())[:80]
        if fields:
            reason = f"line {fields[2]} has {fields[3]} fields, the header has {fields[1]}"
        raise LayoutError(f"{path} is no table ({reason})") from None


def _decimal_commas(table: pd.DataFrame) -> str:
    """Return a number with a decimal comma; empty if the table holds none."""
    texts = table.select_dtypes(exclude="number")
    for name in texts.columns:
        cells = texts[name].astype(str)
        matching = cells[cells.str.fullmatch(DECIMAL_COMMA.pattern)]
        if not matching.empty:
            return str(matching.iloc[0])
    return ""
