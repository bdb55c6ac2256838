"""There and back: archives are the same bytes everywhere, tell the public no secret, and are not trusted."""

from __future__ import annotations

import io
import json
import tarfile
from typing import TYPE_CHECKING

import pytest

from benchmark.suites.archive.folder import write_suite
from benchmark.suites.archive.packing import file_sha256, pack
from benchmark.suites.archive.unpacking import unpack
from benchmark.suites.locking import lock_path, write_lock
from benchmark.suites.reading import read_suite
from benchmark.suites.verifying import verify
from generator.errors import NetjigsawError, PuzzleError, SpecError, StorageError

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from benchmark.suites.record import Suite

SECRETS = (5_764_607_523_034_235, 3_458_764_513_820_541, 8_070_450_532_247_929)
PRIVATE = """format = 1
name = "hidden"
description = "Odd \\"text\\" \\\\ and \t tabs, \\u007f and \\u00e9."
family = "toy"
[scoring]
headline = ["right"]
""" + "".join(f'[[puzzle]]\nname = "p{n}"\nseed = {seed}\ntags = ["t{n}"]\n' for n, seed in enumerate(SECRETS))


@pytest.fixture
def private(write: Callable[..., Path], rebuilt: Callable[[Suite], Suite]) -> Suite:
    return rebuilt(read_suite(write(PRIVATE, "", "hidden")))


def members(archive: Path) -> dict[str, bytes]:
    with tarfile.open(archive) as opened:
        return {member.name: opened.extractfile(member).read() for member in opened}  # type: ignore[union-attr]  # files


def write_tar(archive: Path, files: dict[str, bytes], *odd: tarfile.TarInfo) -> None:
    with tarfile.open(archive, "w") as opened:
        for name, content in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(content)
            opened.addfile(member, io.BytesIO(content))
        for member in odd:
            opened.addfile(member, io.BytesIO(b"x" * member.size))


def test_there_and_back(built: Suite, tmp_path: Path) -> None:
    digest = pack(built, tmp_path / "a.tar", public=False)
    assert digest == file_sha256(tmp_path / "a.tar")
    back = unpack(tmp_path / "a.tar", tmp_path / "back", sha256=digest, most_mib=10)
    assert (back.name, back.digest) == (built.name, built.digest)
    again = read_suite(tmp_path / "back" / "suite.toml")
    assert all(entry.supplied and entry.state == "as locked" for entry in again.entries)
    assert not [finding for finding in verify(again) if finding.problem]
    assert {path.stat().st_mode & 0o777 for path in (tmp_path / "back/puzzles/answers").iterdir()} == {0o600}


def test_packing_again_from_anywhere_gives_the_same_bytes(built: Suite, tmp_path: Path) -> None:
    first = pack(built, tmp_path / "a.tar", public=False)
    assert pack(built, tmp_path / "b.tar", public=False) == first
    back = unpack(tmp_path / "a.tar", tmp_path / "back", sha256=None, most_mib=10)
    assert pack(back, tmp_path / "c.tar", public=False) == first
    with tarfile.open(tmp_path / "a.tar") as opened:
        for member in opened:
            assert (member.mtime, member.uid, member.gid, member.uname, member.gname) == (0, 0, 0, "", "")


def test_the_public_part_tells_no_secret(private: Suite, tmp_path: Path) -> None:
    write_lock(private)
    private = read_suite(private.source)
    pack(private, tmp_path / "p.tar", public=True)
    files = members(tmp_path / "p.tar")
    parts = ("data.safetensors", "manifest.json", "pieces.safetensors")
    assert sorted(files) == [f"puzzles/p{n}/{part}" for n in range(3) for part in parts] + ["suite.toml"]
    whole = b"".join(files.values())
    for entry, seed in zip(private.entries, SECRETS, strict=True):
        assert entry.recipe is not None
        sealed = json.loads((entry.answers / f"{entry.digest}.json").read_text())
        for secret in (str(seed), f"{seed:x}", entry.recipe.digest, entry.recipe.digest[:12], sealed["salt"]):
            assert secret.encode() not in whole
    assert private.definition.encode() not in whole


def test_the_public_part_is_a_suite(private: Suite, tmp_path: Path) -> None:
    pack(private, tmp_path / "p.tar", public=True)
    seen = unpack(tmp_path / "p.tar", tmp_path / "seen", sha256=None, most_mib=10)
    assert seen.digest == private.digest
    assert seen.headline == ("right",)
    assert seen.description == private.description
    assert [(e.name, e.family, e.tags, e.digest, e.recipe) for e in seen.entries] == [
        (e.name, e.family, e.tags, e.digest, None) for e in private.entries
    ]
    assert {finding.note.partition(", ")[2] for finding in verify(seen)} == {"no answer here"}
    listing = read_suite(tmp_path / "seen" / "suite.toml")
    commitments = [json.loads((e.path / "manifest.json").read_text())["commitment"] for e in listing.entries]
    assert [entry.commitment for entry in listing.entries] == commitments


def test_a_seed_that_can_be_guessed_is_no_secret(built: Suite, tmp_path: Path) -> None:
    with pytest.raises(SpecError, match="the seed 1 of puzzle small can be guessed"):
        pack(built, tmp_path / "p.tar", public=True)
    assert not list(tmp_path.glob("*.tar"))


def test_what_differs_from_the_lock_is_not_packed(built: Suite, tmp_path: Path) -> None:
    path = write_lock(built)
    path.write_text(path.read_text().replace(str(built.entry("net").digest), "0" * 64))
    with pytest.raises(SpecError, match="puzzle net has digest"):
        pack(read_suite(built.source), tmp_path / "a.tar", public=False)


def test_what_is_not_built_is_not_packed(write: Callable[..., Path], tmp_path: Path) -> None:
    with pytest.raises(SpecError, match="puzzle small is not built"):
        pack(read_suite(write()), tmp_path / "a.tar", public=False)
    with pytest.raises(SpecError, match=r"ends in \.tar"):
        pack(read_suite(write()), tmp_path / "a.zip", public=False)


def damage(files: dict[str, bytes], how: str) -> dict[str, bytes]:
    """Change an archive's files as somebody might; None takes a file away."""
    manifest, pieces = "puzzles/net/manifest.json", "puzzles/net/pieces.safetensors"
    answer = next(name for name in files if "answers" in name)
    sealed, lock = json.loads(files[answer]), json.loads(files["suite.lock"])
    lock["puzzles"]["net"]["digest"] = "0" * 64
    changes: dict[str, dict[str, bytes | None]] = {
        "tensor": {pieces: files[pieces][:-1] + b"\x01"},
        "manifest": {manifest: files[manifest].replace(b'"hidden": 4', b'"hidden": 5')},
        "swapped": {name: files[name.replace("small", "large")] for name in files if "/small/" in name},
        "answer": {answer: json.dumps({**sealed, "answer": sealed["answer"][::-1]}).encode()},
        "lock": {"suite.lock": json.dumps(lock).encode()},
        "no lock": {"suite.lock": None},
        "no suite": {"suite.toml": None},
        "gone": dict.fromkeys(name for name in files if "/net/" in name),
        "stranger": {"puzzles/other/manifest.json": b"{}"},
    }
    changed = {**files, **changes[how]}
    return {name: content for name, content in changed.items() if content is not None}


@pytest.mark.parametrize(
    ("how", "complaint"),
    [
        ("tensor", "net: puzzle 'net': tensor .* is not the one in the manifest"),
        ("manifest", "net: puzzle 'net': the manifest was changed"),
        ("swapped", "small: digest"),
        ("answer", "does not open its commitment"),
        ("lock", "net: digest .* but the lock has 0000"),
        ("no lock", "lacks puzzle 'small', or the puzzle's digest"),
        ("no suite", "no suite.toml"),
        ("gone", "lacks puzzle 'net'"),
        ("stranger", "belongs to no puzzle"),
    ],
)
def test_a_tampered_archive_leaves_nothing(built: Suite, tmp_path: Path, how: str, complaint: str) -> None:
    pack(built, tmp_path / "a.tar", public=False)
    write_tar(tmp_path / "b.tar", damage(members(tmp_path / "a.tar"), how))
    before = set(tmp_path.iterdir())
    with pytest.raises(PuzzleError, match=complaint):
        unpack(tmp_path / "b.tar", tmp_path / "back", sha256=None, most_mib=10)
    assert set(tmp_path.iterdir()) == before


def odd(name: str, kind: bytes = tarfile.REGTYPE, link: str = "") -> tarfile.TarInfo:
    member = tarfile.TarInfo(name)
    member.type, member.linkname = kind, link
    return member


@pytest.mark.parametrize(
    "member",
    [
        odd("../evil"),
        odd("/tmp/evil"),  # noqa: S108 - it is to be refused
        odd("puzzles/../../evil"),
        odd("puzzles/net/../../suite.toml"),
        odd("puzzles/net/evil.py"),
        odd("puzzles/answers/manifest.json"),
        odd("suite.toml\n"),
        odd("puzzles", tarfile.DIRTYPE),
        odd("suite.lock", tarfile.SYMTYPE, "/etc/passwd"),
        odd("puzzles/net/data.safetensors", tarfile.LNKTYPE, "suite.toml"),
        odd("suite.lock", tarfile.FIFOTYPE),
        odd("suite.lock", tarfile.CHRTYPE),
    ],
    ids=lambda member: f"{member.name!r}-{member.type.decode()}",
)
def test_nothing_but_plain_files_of_a_suite_is_unpacked(tmp_path: Path, member: tarfile.TarInfo) -> None:
    write_tar(tmp_path / "b.tar", {}, member)
    before = set(tmp_path.iterdir())
    with pytest.raises(PuzzleError, match="which an archive of a suite must not hold"):
        unpack(tmp_path / "b.tar", tmp_path / "inner" / "back", sha256=None, most_mib=10)
    assert set(tmp_path.iterdir()) <= before | {tmp_path / "inner"}
    assert not list(tmp_path.glob("inner/*"))


def test_a_file_that_is_listed_twice_is_refused(tmp_path: Path) -> None:
    write_tar(tmp_path / "b.tar", {"suite.toml": b"format = 1"}, odd("suite.toml"))
    with pytest.raises(PuzzleError, match=r"'suite\.toml' twice"):
        unpack(tmp_path / "b.tar", tmp_path / "back", sha256=None, most_mib=10)


def test_what_is_no_archive_or_too_large_or_another_is_refused(built: Suite, tmp_path: Path) -> None:
    pack(built, tmp_path / "a.tar", public=False)
    whole = (tmp_path / "a.tar").read_bytes()
    (tmp_path / "cut.tar").write_bytes(whole[: len(whole) // 2 + 100])
    (tmp_path / "text.tar").write_text("no archive\n" * 100)
    cases: list[tuple[str, str | None, float, type[NetjigsawError], str]] = [
        ("cut.tar", None, 10, PuzzleError, "truncated|damaged"),
        ("text.tar", None, 10, PuzzleError, "is not a tar archive"),
        ("gone.tar", None, 10, StorageError, "cannot read"),
        ("a.tar", None, 0.001, StorageError, "at most 0.001 are read"),
        ("a.tar", "0" * 64, 10, PuzzleError, "has SHA-256"),
    ]
    for name, digest, most, kind, complaint in cases:
        with pytest.raises(kind, match=complaint):
            unpack(tmp_path / name, tmp_path / "back", sha256=digest, most_mib=most)
        assert not (tmp_path / "back").exists()
    (tmp_path / "back").mkdir()
    with pytest.raises(StorageError, match="exists already"):
        unpack(tmp_path / "a.tar", tmp_path / "back", sha256=None, most_mib=10)


def test_verify_says_exactly_what_differs(built: Suite, tmp_path: Path) -> None:
    write_suite(built, tmp_path / "out")
    pieces = tmp_path / "out/puzzles/net/pieces.safetensors"
    pieces.write_bytes(pieces.read_bytes()[:-1] + b"\x01")
    (tmp_path / "out/puzzles/answers/x.json").write_text("{}")
    wrong = {found.name: found.problem for found in verify(read_suite(tmp_path / "out/suite.toml")) if found.problem}
    assert set(wrong) == {"net", "x.json"}
    assert "in pieces is not the one in the manifest" in wrong["net"]


def test_a_changed_recipe_does_not_take_the_puzzle_that_lies_there(built: Suite, tmp_path: Path) -> None:
    write_suite(built, tmp_path / "out")
    source = tmp_path / "out/suite.toml"
    source.write_text(source.read_text().replace("size = 20", "size = 21"))
    entry = read_suite(source).entry("large")
    assert (entry.supplied, entry.outdated, entry.digest) == (False, True, None)
    assert lock_path(source).exists()
