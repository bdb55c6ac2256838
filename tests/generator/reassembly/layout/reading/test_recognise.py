"""The error for a wrong file names its kind, for a piece and for the table."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import pickle
import tarfile
import zipfile
from typing import TYPE_CHECKING

import numpy as np
import pytest
import torch

from generator.errors import StorageError
from generator.files.recognise import KINDS, content_of

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.generator.reassembly.layout.reading.conftest import Refused

LFS = b"version https://git-lfs.github.com/spec/v1\noid sha256:" + b"a" * 64 + b"\nsize 12345\n"


def packed(write: Callable[[io.BytesIO], object]) -> bytes:
    memory = io.BytesIO()
    write(memory)
    return memory.getvalue()


def tar(memory: io.BytesIO) -> None:
    with tarfile.open(fileobj=memory, mode="w") as archive:
        archive.addfile(tarfile.TarInfo("piece_0.pth"))


def zipped(*names: str) -> Callable[[io.BytesIO], None]:
    def write(memory: io.BytesIO) -> None:
        with zipfile.ZipFile(memory, "w") as archive:
            for name in names:
                archive.writestr(name, "x")

    return write


TORCH = packed(lambda memory: torch.save({"weight": torch.ones(2)}, memory))

BOTH = [
    (LFS, "lfs pointer", "is a Git LFS pointer instead of the file itself, not a {}; run `git lfs pull`"),
    (b"", "empty", "is an empty file, not a {}; fetch it again"),
    (bytes(5000), "zeros", "is a file of zero bytes only"),
    (b"\n <!DOCTYPE html>\n<html></html>", "web page", "is a web page, not a {}; the download failed"),
    (b"<HTML><HEAD>", "web page", "is a web page"),
    (b"<?xml version='1.0'?><Error>AccessDenied</Error>", "xml", "is an XML document"),
    (b'{"message": "Bad credentials"}', "json", "is a JSON text, not a {}; save it"),
    (b"/annex/objects/SHA256E-s1--aa", "annex pointer", "is a git-annex pointer"),
    (bz2.compress(b"x"), "bzip2", "is a bzip2 archive, not a {}; unpack it first"),
    (lzma.compress(b"x"), "xz", "is an xz archive"),
    (packed(tar), "tar", "is a tar archive, not a {}; unpack it first (tar xf)"),
    (packed(zipped("historical_data.csv")), "zip", "is a zip archive, not a {}; unpack it first (unzip)"),
    (packed(zipped("x.bin"))[:-30], "cut zip", "is a truncated or damaged zip archive"),
    (packed(zipped("xl/workbook.xml")), "workbook", "is an Excel workbook, not a {}"),
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600), "workbook", "is an Excel workbook"),
    (b"PAR1" + bytes(range(100)), "parquet", "is a Parquet file"),
    (b"ARROW1\0\0" + bytes(range(100)), "arrow", "is an Arrow file"),
    (b"\x89HDF\r\n\x1a\n", "hdf5", "is an HDF5 file"),
    (packed(lambda memory: np.save(memory, np.ones(3))), "numpy", "is a NumPy file"),
    (packed(lambda memory: np.savez(memory, weight=np.ones(3))), "numpy", "is a NumPy file"),
    (b"7z\xbc\xaf\x27\x1c\x00", "7z", "is a 7z archive"),
    (b"Rar!\x1a\x07", "rar", "is a RAR archive"),
    (b"%PDF-1.7", "pdf", "is a PDF document"),
]
ONLY_PIECES = [
    (gzip.compress(TORCH), "gzip", "is a gzip archive, not a piece; unpack it first (gunzip"),
    (b"404: Not Found", "text", "is a text file, not a piece (it begins with '404: Not Found')"),
    (TORCH[: len(TORCH) // 2], "cut zip", "is a truncated or damaged zip archive or torch.save file"),
    (
        packed(zipped("layer/data.pkl", "layer/constants.pkl")),
        "torchscript",
        "is a TorchScript archive, not a piece; save the tensors only: torch.save(layer.state_dict(), path)",
    ),
]
ONLY_TABLES = [
    (TORCH, "torch", "is a file of torch.save, not a table; save it as CSV"),
    (pickle.dumps([1]), "pickle", "is a pickle, not a table; save it as CSV"),
    (b"\x02\0\0\0\0\0\0\0{}", "safetensors", "is a safetensors file, not a table"),
]


def short(value: object) -> str:
    return str(value)[:20] if isinstance(value, str) else "content"


@pytest.mark.parametrize(("content", "kind", "message"), BOTH + ONLY_PIECES, ids=short)
def test_the_error_for_a_wrong_piece_names_its_kind(
    layout: Path, refused: Refused, content: bytes, kind: str, message: str
) -> None:
    path = layout / "pieces/piece_5.pth"
    path.write_bytes(content)
    assert content_of(path) == kind
    assert f"piece_5.pth {message.format('piece')}" in refused(layout)


@pytest.mark.parametrize(("content", "kind", "message"), BOTH + ONLY_TABLES, ids=short)
def test_the_error_for_a_wrong_table_names_its_kind(
    layout: Path, refused: Refused, content: bytes, kind: str, message: str
) -> None:
    path = layout / "historical_data.csv"
    path.write_bytes(content)
    assert content_of(path) == kind
    assert f"historical_data.csv {message.format('table')}" in refused(layout)


def test_a_broken_link_names_its_target(layout: Path, refused: Refused) -> None:
    path = layout / "pieces/piece_5.pth"
    path.unlink()
    path.symlink_to("../.git/annex/objects/x")
    message = refused(layout, StorageError)
    assert "piece_5.pth is a link to ../.git/annex/objects/x, which does not exist" in message


@pytest.mark.parametrize("content", [b"a,b\n1,2\n", "größe;b\n1;2\n".encode(), b"\xff\xfea\0,\0", b"\x00\x01\x02"])
def test_tables_of_text_and_unknown_bytes_have_no_other_name(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "x").write_bytes(content)
    assert content_of(tmp_path / "x") in {"", "text"}


def test_every_kind_has_a_name() -> None:
    assert all(name and name.split()[0] in {"a", "an"} for name, _ in KINDS.values())
