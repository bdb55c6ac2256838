"""Archives that are not what they should be."""

from __future__ import annotations

import stat
import zipfile
from typing import TYPE_CHECKING, Any

import pytest

from benchmark.submission.bundle.archive import BundleError, open_archive, write_archive
from benchmark.submission.bundle.contents import open_bundle
from generator.errors import StorageError

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    Lines = Callable[[Path], list[str]]


@pytest.mark.parametrize(
    "name",
    [
        "../../evil.py",
        "/etc/passwd",
        "source/../../evil.py",
        "source/a/../b.py",
        "raw/x.json",
        "rows.jsonl/x",
        "source\\x",
    ],
)
def test_names_that_lead_elsewhere(forger: Any, lines: Lines, name: str) -> None:
    forger.files[name] = b"boom"
    assert lines(forger.write()) == [f"archive: holds {name!r}, which a bundle must not hold"]


def test_a_link(made: Any, tmp_path: Path, lines: Lines) -> None:
    with zipfile.ZipFile(made.bundle) as source, zipfile.ZipFile(tmp_path / "x.njz", "w") as target:
        for name in source.namelist():
            target.writestr(name, source.read(name))
        link = zipfile.ZipInfo("source/link.py")
        link.create_system, link.external_attr = 3, (stat.S_IFLNK | 0o777) << 16
        target.writestr(link, "/etc/passwd")
    assert lines(tmp_path / "x.njz") == [
        "archive: holds 'source/link.py' as a link or special file, not as a regular file"
    ]


@pytest.mark.filterwarnings("ignore:Duplicate name")  # zipfile warns of what the forger does
def test_a_file_twice(made: Any, tmp_path: Path, lines: Lines) -> None:
    with zipfile.ZipFile(made.bundle) as source, zipfile.ZipFile(tmp_path / "x.njz", "w") as target:
        for name in [*source.namelist(), "rows.jsonl"]:
            target.writestr(name, source.read(name))
    assert lines(tmp_path / "x.njz") == ["archive: holds 'rows.jsonl' twice"]


def test_a_bomb_is_not_unpacked(tmp_path: Path) -> None:
    path = tmp_path / "bomb.njz"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("rows.jsonl", bytes(64 << 20))
    assert path.stat().st_size < 1 << 20
    (finding,) = open_bundle(path, 32).findings
    assert finding.line == "archive: unpacks to 64 MiB; at most 32 are read, see --max-size"


def test_a_bomb_that_understates_its_size(tmp_path: Path) -> None:
    """The archive's own table says ten bytes; no more are unpacked."""
    path = tmp_path / "bomb.njz"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("rows.jsonl", bytes(8 << 20))
    content, size = path.read_bytes(), (8 << 20).to_bytes(4, "little")
    assert content.count(size) == 2
    path.write_bytes(content.replace(size, (10).to_bytes(4, "little")))
    with pytest.raises(BundleError, match="damaged"):
        open_archive(path).read("rows.jsonl")


@pytest.mark.parametrize("cut", [0, 10, 500])
def test_a_cut_archive(made: Any, tmp_path: Path, lines: Lines, cut: int) -> None:
    (tmp_path / "x.njz").write_bytes(made.bundle.read_bytes()[:cut])
    (line,) = lines(tmp_path / "x.njz")
    assert line.startswith("archive: is not a zip archive, or is damaged")


def test_a_flipped_bit(made: Any, tmp_path: Path, lines: Lines) -> None:
    content = bytearray(made.bundle.read_bytes())
    with zipfile.ZipFile(made.bundle) as archive:
        info = archive.getinfo("rows.jsonl")
    content[info.header_offset + 30 + len("rows.jsonl") + info.compress_size // 2] ^= 1
    (tmp_path / "x.njz").write_bytes(content)
    assert any(line.startswith("rows.jsonl: ") for line in lines(tmp_path / "x.njz"))


def test_no_file(tmp_path: Path) -> None:
    with pytest.raises(StorageError, match="cannot read"):
        open_bundle(tmp_path / "none.njz")


@pytest.mark.parametrize(
    ("name", "content", "problem"),
    [
        ("bundle.json", b"[", "bundle.json: is not JSON"),
        ("bundle.json", b"[" * 100_000, "bundle.json: is not JSON"),
        ("bundle.json", b'{"format": 1, "protocol": 2, "x": 1}', "bundle.json: "),
        ("bundle.json", b'{"format": {"a": "' + b"x" * 10_000 + b'"}}', "bundle.json: format {'a': 'xxx"),
    ],
)
def test_a_damaged_manifest(forger: Any, lines: Lines, name: str, content: bytes, problem: str) -> None:
    forger.write()
    forger.files[name] = content
    with zipfile.ZipFile(forger.out, "w") as archive:
        for each, held in forger.files.items():
            archive.writestr(each, held)
    (line,) = lines(forger.out)
    assert line.startswith(problem)
    assert len(line) <= 300


def test_missing_and_unlisted_files(forger: Any, lines: Lines) -> None:
    forger.write()
    extra = "raw/" + "d" * 64 + ".json"
    forger.files[extra] = b"{}"
    del forger.files["source/mixed_helper.py"]
    found = lines(forger.write(digests=False))
    assert f"{extra}: is not listed in bundle.json" in found
    assert "source/mixed_helper.py: is missing from the archive" in found


def test_equal_content_gives_equal_bytes(tmp_path: Path) -> None:
    one = write_archive(tmp_path / "a.njz", {"rows.jsonl": b"x", "bundle.json": b"y"})
    two = write_archive(tmp_path / "b.njz", {"bundle.json": b"y", "rows.jsonl": b"x"})
    assert one == two
    assert (tmp_path / "a.njz").read_bytes() == (tmp_path / "b.njz").read_bytes()
