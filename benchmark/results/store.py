"""The result store: a folder of append-only files, each with one writer.

    rows-<session>.jsonl          one line per finished trial, each synced to disk
    session-<session>.json        machine and settings
    raw/<trial>-<session>.json    raw answer, reports, log, output; tensors in a .safetensors file beside it
    puzzles/<digest>.json         public manifest

Every session writes its own files, so two runs may share a folder. No session appends to
another session's file. Readers skip a last line without a line end: its writer is still
writing it, or was killed while writing.
"""

from __future__ import annotations

import contextlib
import json
import os
from typing import IO, TYPE_CHECKING, Self

from pydantic import BaseModel, ValidationError
from safetensors import SafetensorError
from safetensors.numpy import load_file, save

from benchmark.results.raw import Raw, outcome_of, raw_of
from benchmark.results.session import Session
from benchmark.results.trial import Row
from generator.errors import StorageError, first_fault
from generator.puzzle.content import Manifest
from generator.puzzle.storage import read_model

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path
    from types import TracebackType

    import numpy as np

    from benchmark.results.outcome import Outcome

__all__ = ["Store", "Writer", "make_folders"]


def make_folders(folder: Path) -> None:
    """Make a store's folders. Call it before any solver runs, because only existing folders can be hidden.

    Raises:
        StorageError: if a folder cannot be made.
    """
    for place in (folder, folder / "raw", folder / "puzzles"):
        try:
            place.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise _refused(place, error) from error


class Store:
    """A result store, opened for reading."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def rows(self) -> list[Row]:
        """Read the rows, sorted by session; for a trial that was run or scored again, only the latest row.

        Raises:
            StorageError: naming file and line of the first damaged row.
        """
        latest = {row.trial: row for row in self.lines()}
        return sorted(latest.values(), key=lambda row: row.session)

    def lines(self) -> Iterator[Row]:
        """Yield every row, file by file, including rows that a later row of the same trial supersedes.

        Rows are read one at a time, so the store may be larger than memory.

        Raises:
            StorageError: naming file and line of the first damaged row.
        """
        for path in _matching(self.folder, "rows-*.jsonl"):
            yield from _read_rows(path)

    def sessions(self) -> dict[str, Session]:
        """Read every session, by id.

        Raises:
            StorageError: if a file cannot be read.
            PuzzleError: if one is damaged.
        """
        found = (read_model(Session, path, kind="session") for path in _matching(self.folder, "session-*.json"))
        return {session.id: session for session in found}

    def manifests(self) -> dict[str, Manifest]:
        """Read the public manifests of all planned puzzles, by digest.

        Raises:
            StorageError: if a file cannot be read.
            PuzzleError: if one is damaged.
        """
        found = (read_model(Manifest, path, kind="puzzle") for path in _matching(self.folder / "puzzles", "*.json"))
        return {manifest.digest: manifest for manifest in found}

    def outcome(self, row: Row) -> Outcome | None:
        """Read the outcome of a row's trial; None if the trial did not run.

        Raises:
            StorageError: if a file cannot be read.
            PuzzleError: if one is damaged.
        """
        stem = self.folder / "raw" / f"{row.trial}-{row.session}"
        path = stem.with_suffix(".json")
        if not path.exists():
            return None
        raw = read_model(Raw, path, kind="raw answer")
        return outcome_of(raw, _read_tensors(stem.with_suffix(".safetensors")), row)


class Writer:
    """Writes one session's files. Use it in a `with` block, which closes the file of rows.

    Raises:
        StorageError: from every method, if a write fails; no partial line stays in the file then.
    """

    def __init__(self, folder: Path, session: Session) -> None:
        self._folder = folder
        self._session = session
        self._rows: IO[bytes] | None = None

    def __enter__(self) -> Self:
        """Make the folders, write the session's description, and open its file of rows."""
        make_folders(self._folder)
        self._write_whole(f"session-{self._session.id}.json", _text(self._session))
        path = self._folder / f"rows-{self._session.id}.jsonl"
        try:
            self._rows = path.open("xb", buffering=0)
            _sync_folder(self._folder)
        except OSError as error:
            raise _refused(path, error) from error
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close the file of rows."""
        if self._rows is not None:
            self._rows.close()

    def keep_manifest(self, manifest: Manifest) -> None:
        """Write a puzzle's public manifest unless the store has it."""
        if not (self._folder / "puzzles" / f"{manifest.digest}.json").exists():
            self._write_whole(f"puzzles/{manifest.digest}.json", _text(manifest))

    def keep_outcome(self, trial: str, outcome: Outcome) -> None:
        """Write a trial's outcome. Call it before `append`, so that every row on disk has its outcome."""
        raw, tensors = raw_of(outcome, trial, self._session.id)
        name = f"raw/{trial}-{self._session.id}"
        if tensors:
            self._write_whole(f"{name}.safetensors", save(tensors))
        self._write_whole(f"{name}.json", _text(raw))

    def append(self, row: Row) -> None:
        """Append one row as a whole or not at all, and sync it to disk."""
        if self._rows is None:
            raise StorageError("the result store is not open; use its Writer in a `with` block")
        line = json.dumps(row.model_dump(mode="json"), allow_nan=False).encode() + b"\n"
        before = os.fstat(self._rows.fileno()).st_size
        try:
            written = self._rows.write(line)
            if written != len(line):
                raise OSError(28, os.strerror(28))
            os.fsync(self._rows.fileno())
        except OSError as error:
            os.ftruncate(self._rows.fileno(), before)
            self._rows.seek(before)  # truncating leaves the position; the next row would begin with a hole of zeros
            raise _refused(self._folder / f"rows-{self._session.id}.jsonl", error) from error

    def _write_whole(self, name: str, content: bytes) -> None:
        """Write a file as a whole or not at all, and sync the file and its name to disk."""
        target = self._folder / name
        scratch = target.with_name(f".{target.name}.{self._session.id}.part")
        try:
            with scratch.open("wb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            scratch.replace(target)
            _sync_folder(target.parent)
        except OSError as error:
            raise _refused(target, error) from error
        finally:
            with contextlib.suppress(OSError):  # the scratch file is left only if the write failed or was interrupted
                scratch.unlink(missing_ok=True)


def _matching(folder: Path, pattern: str) -> list[Path]:
    """List a folder's files that match; empty if the folder does not exist.

    `Path.glob` would silently skip a folder without read permission; this function raises.

    Raises:
        StorageError: if `folder` is not a folder, or cannot be read.
    """
    try:
        return sorted(path for path in folder.iterdir() if path.match(pattern))
    except FileNotFoundError:
        return []
    except NotADirectoryError:
        raise StorageError(f"{folder} is not a folder; name another folder for the results") from None
    except OSError as error:
        raise StorageError(f"cannot read {folder}: {error.strerror or error}") from error


def _text(model: BaseModel) -> bytes:
    return json.dumps(model.model_dump(mode="json"), indent=1, allow_nan=False).encode() + b"\n"


def _refused(path: Path, error: OSError) -> StorageError:
    return StorageError(f"cannot write {path}: {error.strerror or error}; rows written earlier are kept")


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _read_rows(path: Path) -> Iterator[Row]:
    try:
        with path.open("rb") as file:
            for number, line in enumerate(file, start=1):
                if line.endswith(b"\n"):
                    yield _read_row(line, path, number)
    except OSError as error:
        raise StorageError(f"cannot read {path}: {error.strerror}") from error


def _read_row(line: bytes, path: Path, number: int) -> Row:
    try:
        return Row.model_validate_json(line)
    except ValidationError as error:
        raise StorageError(f"{path}, line {number} is damaged: {first_fault(error)}; remove that line") from None


def _read_tensors(path: Path) -> dict[str, np.ndarray]:
    if not path.exists():
        return {}
    try:
        return load_file(path)
    except (OSError, SafetensorError) as error:
        raise StorageError(f"cannot read {path}: {error}") from error
