"""Recognise what a file holds by its first bytes, whatever its name says.

Downloads fail, archives stay packed and files get another program's extension. Each reader would then raise an error
of its own, so the import checks the content first, and its error says what the file is and what to do.
"""

from __future__ import annotations

import re
import zipfile
from typing import TYPE_CHECKING

from generator.errors import LayoutError, StorageError

if TYPE_CHECKING:
    from collections.abc import Container
    from pathlib import Path

__all__ = ["content_of", "refuse_other_content"]

HEAD_BYTES = 4096
"""Bytes that are read to recognise a file."""

LONGEST_HEADER = 100_000_000
"""Largest header of a safetensors file in bytes; the format's own limit."""

SIGNATURES: tuple[tuple[int, bytes, str], ...] = (
    (0, b"version https://git-lfs.github.com/spec/", "lfs pointer"),
    (0, b"\x1f\x8b", "gzip"),
    (0, b"BZh", "bzip2"),
    (0, b"\xfd7zXZ\x00", "xz"),
    (0, b"\x28\xb5\x2f\xfd", "zstandard"),
    (0, b"7z\xbc\xaf\x27\x1c", "7z"),
    (0, b"Rar!", "rar"),
    (257, b"ustar", "tar"),
    (0, b"\x89HDF", "hdf5"),
    (0, b"PAR1", "parquet"),
    (0, b"ARROW1", "arrow"),
    (0, b"FEA1", "arrow"),
    (0, b"\x93NUMPY", "numpy"),
    (0, b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "workbook"),
    (0, b"%PDF", "pdf"),
    (0, b"SQLite format 3\x00", "sqlite"),
    (0, b"GGUF", "gguf"),
)
"""Offset, bytes, kind."""

_SAVE = "save it with torch.save({'weight': weight, 'bias': bias}, path)"
_TABLE = "save it as CSV with a header"
_AGAIN = "fetch it again"
_UNPACK = "unpack it first"

KINDS: dict[str, tuple[str, str]] = {
    "empty": ("an empty file", _AGAIN),
    "zeros": ("a file of zero bytes only", "its download failed; fetch it again"),
    "lfs pointer": ("a Git LFS pointer instead of the file itself", "run `git lfs pull` in its repository"),
    "annex pointer": ("a git-annex pointer instead of the file itself", "run `git annex get .` in its repository"),
    "web page": ("a web page", "the download failed; fetch the file itself, not the page that shows it"),
    "xml": ("an XML document", "a server may have sent an error; fetch the file again"),
    "gzip": ("a gzip archive", f"{_UNPACK} (gunzip, or tar xzf)"),
    "bzip2": ("a bzip2 archive", f"{_UNPACK} (bunzip2, or tar xjf)"),
    "xz": ("an xz archive", f"{_UNPACK} (unxz, or tar xJf)"),
    "zstandard": ("a Zstandard archive", f"{_UNPACK} (unzstd)"),
    "7z": ("a 7z archive", f"{_UNPACK} (7z x)"),
    "rar": ("a RAR archive", f"{_UNPACK} (unrar x)"),
    "tar": ("a tar archive", f"{_UNPACK} (tar xf)"),
    "zip": ("a zip archive", f"{_UNPACK} (unzip)"),
    "cut zip": ("a truncated or damaged zip archive or torch.save file", _AGAIN),
    "torchscript": ("a TorchScript archive", "save the tensors only: torch.save(layer.state_dict(), path)"),
    "torch": ("a file of torch.save", ""),
    "safetensors": ("a safetensors file", ""),
    "pickle": ("a pickle", ""),
    "workbook": ("an Excel workbook", ""),
    "parquet": ("a Parquet file", "pandas.read_parquet(path).to_csv('historical_data.csv', index=False)"),
    "arrow": ("an Arrow file", "pandas.read_feather(path).to_csv('historical_data.csv', index=False)"),
    "numpy": ("a NumPy file", ""),
    "hdf5": ("an HDF5 file", ""),
    "pdf": ("a PDF document", ""),
    "sqlite": ("an SQLite database", ""),
    "gguf": ("a GGUF file", ""),
    "json": ("a JSON text", ""),
    "text": ("a text file", "the download may have failed; fetch it again"),
}
"""Name of each kind, and advice for its owner. The advice is empty where it depends on what the file should be."""

_OLD_PICKLE = re.compile(rb"c[\w.]+\n[\w.]+\n|\((?:d|l)p?[0-9\n]")
"""Beginning of a pickle of protocol 0, which is text."""


def content_of(path: Path) -> str:
    """Name the kind of a file's content, a key of `KINDS`; empty if it is not recognised.

    Raises:
        StorageError: if the file is missing or cannot be read.
    """
    head = _head(path)
    signed = next((kind for offset, signature, kind in SIGNATURES if head.startswith(signature, offset)), "")
    if signed:
        return signed
    if head.startswith((b"PK\x03\x04", b"PK\x05\x06")):
        return _kind_of_zip(path)
    return _kind_of_bytes(head)


def refuse_other_content(path: Path, wanted: str, accepted: Container[str], save: str = "") -> str:
    """Return the kind of a file's content, if a reader accepts it.

    Args:
        path: the file.
        wanted: what it should be, for the error: `a piece`, `a table`.
        accepted: kinds that the reader can read. Content that is not recognised is accepted too.
        save: how to save what is wanted, for the error; empty for a piece or a table.

    Raises:
        StorageError: if the file is missing or cannot be read.
        LayoutError: saying what the file is instead, and what to do.
    """
    kind = content_of(path)
    if not kind or kind in accepted:
        return kind
    name, advice = KINDS[kind]
    advice = advice or (f"save it with {save}" if save else _TABLE if "table" in wanted else _SAVE)
    raise LayoutError(f"{path} is {name}, not {wanted}{_beginning(path, kind)}; {advice}")


def _beginning(path: Path, kind: str) -> str:
    """Quote the first words of a text, which often say what went wrong: `404: Not Found`."""
    if kind != "text":
        return ""
    with path.open("rb") as file:
        first = file.read(60).decode("ascii", "replace").splitlines()[0].strip()
    return f" (it begins with {first[:40]!r})"


def _head(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            return file.read(HEAD_BYTES)
    except FileNotFoundError:
        if path.is_symlink():
            raise StorageError(
                f"{path} is a link to {path.readlink()}, which does not exist; fetch that file"
            ) from None
        raise StorageError(f"{path} is missing") from None
    except OSError as error:
        raise StorageError(f"cannot read {path}: {error.strerror or error}") from error


def _kind_of_bytes(head: bytes) -> str:
    """Recognise formats without a signature of their own."""
    if not head.strip(b"\x00"):
        return "zeros" if head else "empty"
    if re.match(rb"\x80[\x01-\x05]", head) or _OLD_PICKLE.match(head):
        return "pickle"
    if head[8:9] == b"{" and int.from_bytes(head[:8], "little") <= LONGEST_HEADER:
        return "safetensors"
    return _kind_of_text(head)


def _kind_of_zip(path: Path) -> str:
    try:
        with zipfile.ZipFile(path) as archive:
            names = archive.namelist()
    except (zipfile.BadZipFile, ValueError, NotImplementedError, OSError):
        return "cut zip"
    if any(name == "data.pkl" or name.endswith("/data.pkl") for name in names):
        return "torchscript" if any(name.endswith("/constants.pkl") for name in names) else "torch"
    if any(name.startswith("xl/") for name in names):
        return "workbook"
    return "numpy" if names and all(name.endswith(".npy") for name in names) else "zip"


def _kind_of_text(head: bytes) -> str:
    text = head.removeprefix(b"\xef\xbb\xbf").lstrip().lower()
    if text.startswith((b"<!doctype html", b"<html", b"<head", b"<body")) or (text[:1] == b"<" and b"<html" in text):
        return "web page"
    if text.startswith((b"<?xml", b"<error")):
        return "xml"
    if text.startswith((b"/annex/objects/", b"../.git/annex/objects/", b".git/annex/objects/")):
        return "annex pointer"
    if text.startswith((b"{", b"[{", b"[[")):
        return "json"
    printable = all(32 <= byte < 127 or byte in b"\t\r\n" for byte in head)
    return "text" if printable else ""
