"""Read and write the zip archive of a bundle. Equal content gives equal bytes, and a reader checks every member.

    bundle.json                  the manifest, with the digests of all other files
    rows.jsonl                   one line per trial
    sessions/<id>.json           machine and settings
    raw/<trial>.json             raw answer and reports; tensors in a .safetensors file beside it
    source/<file>.py             the solver's source, if the author includes it

No file is ever unpacked to a name that the archive chooses.
"""

from __future__ import annotations

import hashlib
import io
import re
import stat
import zipfile
import zlib
from typing import TYPE_CHECKING

from generator.errors import NetjigsawError, StorageError
from generator.puzzle.storage import writing_file

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

__all__ = ["MOST_MIB", "Archive", "BundleError", "open_archive", "source_name_fits", "write_archive"]

MOST_FILES = 200_000
MOST_MIB = 1024.0
"""Default limit on the unpacked size of all files, in MiB. A larger value accepts larger bundles. Hand-set."""

_SOURCE = r"source/(?:[A-Za-z0-9_][A-Za-z0-9_.-]{0,63}/){0,8}[A-Za-z0-9_][A-Za-z0-9_.-]{0,63}\.py"
_NAME = re.compile(
    r"bundle\.json|rows\.jsonl|sessions/[A-Za-z0-9-]{1,64}\.json|raw/[0-9a-f]{64}\.(?:json|safetensors)|" + _SOURCE
)
"""Allowed names of files in a bundle. None of these names leads out of a folder."""
_METHODS = {zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED}
_DAMAGE = (zipfile.BadZipFile, zlib.error, EOFError, ValueError, RuntimeError, NotImplementedError, OSError)


class BundleError(NetjigsawError):
    """A file is not a valid bundle."""


class Archive:
    """A bundle's archive whose members were checked: allowed names, regular files, total size within the limit."""

    def __init__(self, content: bytes, opened: zipfile.ZipFile, members: Mapping[str, zipfile.ZipInfo]) -> None:
        self.sha256 = hashlib.sha256(content).hexdigest()
        self._opened = opened
        self._members = members

    @property
    def names(self) -> frozenset[str]:
        """Names of the files in the archive."""
        return frozenset(self._members)

    def read(self, name: str) -> bytes:
        """Read one file.

        Raises:
            BundleError: if the file is missing or damaged.
        """
        if name not in self._members:
            raise BundleError(f"holds no {name}")
        try:
            with self._opened.open(self._members[name]) as member:
                content = member.read(self._members[name].file_size + 1)
        except _DAMAGE as error:
            raise BundleError(f"{name} cannot be read because the archive is damaged ({error})") from None
        if len(content) != self._members[name].file_size:
            raise BundleError(f"{name} has a different size than the archive's index says")
        return content


def open_archive(path: Path, most_mib: float = MOST_MIB) -> Archive:
    """Open an archive and check all its members before reading any of them.

    Raises:
        StorageError: if the file does not exist or cannot be read.
        BundleError: if the file is no bundle: an unsafe name, a link, a duplicate file, or too much data.
    """
    try:
        size = path.stat().st_size
        if size > most_mib * 2**20:
            raise BundleError(f"takes {size / 2**20:.0f} MiB; at most {most_mib:g} are read, see --max-size")
        content = path.read_bytes()
    except OSError as error:
        raise StorageError(f"cannot read {path}: {error.strerror or error}") from error
    try:
        opened = zipfile.ZipFile(io.BytesIO(content))  # from memory, because the file on disk could change meanwhile
        infos = opened.infolist()
    except _DAMAGE as error:
        raise BundleError(f"is not a zip archive, or is damaged ({error})") from None
    _check_amount(infos, most_mib)
    members: dict[str, zipfile.ZipInfo] = {}
    for info in infos:
        _check_member(info)
        if info.filename in members:
            raise BundleError(f"holds {info.filename!r} twice")
        members[info.filename] = info
    return Archive(content, opened, members)


def _check_amount(infos: list[zipfile.ZipInfo], most_mib: float) -> None:
    if len(infos) > MOST_FILES:
        raise BundleError(f"holds {len(infos)} files; at most {MOST_FILES} are read")
    total = sum(info.file_size for info in infos)
    if total > most_mib * 2**20:
        raise BundleError(f"unpacks to {total / 2**20:.0f} MiB; at most {most_mib:g} are read, see --max-size")


def _check_member(info: zipfile.ZipInfo) -> None:
    name = info.orig_filename
    if not _NAME.fullmatch(name) or name != info.filename:
        raise BundleError(f"holds {name[:200]!r}, which a bundle must not hold")
    kind = stat.S_IFMT(info.external_attr >> 16)
    if kind not in {0, stat.S_IFREG}:
        raise BundleError(f"holds {name!r} as a link or special file, not as a regular file")
    if info.flag_bits & 1 or info.compress_type not in _METHODS:
        raise BundleError(f"holds {name!r} encrypted or with an unsupported compression")


def source_name_fits(name: str) -> bool:
    """Check whether a bundle may hold a file of this name under `source/`."""
    return re.fullmatch(_SOURCE, f"source/{name}") is not None


def write_archive(target: Path, files: Mapping[str, bytes]) -> str:
    """Write a bundle's file, completely or not at all, and return its SHA-256.

    Names, order, times and modes are fixed, so equal content gives equal bytes with the same version of zlib.

    Raises:
        StorageError: if the file cannot be written.
    """
    with writing_file(target) as scratch, zipfile.ZipFile(scratch, "w") as archive:
        for name in sorted(files):
            info = zipfile.ZipInfo(name, date_time=(1980, 1, 1, 0, 0, 0))
            info.create_system = 3
            info.external_attr = (stat.S_IFREG | 0o644) << 16
            info.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(info, files[name], compresslevel=9)
    return hashlib.sha256(target.read_bytes()).hexdigest()
