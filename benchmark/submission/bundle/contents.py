"""Read a bundle, and check schemas and digests. Scores are checked later."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeVar

from pydantic import BaseModel, ValidationError
from safetensors.numpy import load

from benchmark.results.raw import Raw
from benchmark.results.session import Session
from benchmark.results.trial import PROTOCOL, Row
from benchmark.submission.bundle.archive import MOST_MIB, BundleError, open_archive
from benchmark.submission.bundle.schema import BundleManifest
from benchmark.submission.findings import Discrepancy
from generator.errors import first_fault
from generator.puzzle.canonical import canonical_json

if TYPE_CHECKING:
    from pathlib import Path

    import numpy as np

    from benchmark.submission.bundle.archive import Archive

__all__ = ["MANIFEST", "ROWS", "Contents", "OpenedBundle", "open_bundle"]

MANIFEST, ROWS = "bundle.json", "rows.jsonl"
Model = TypeVar("Model", bound=BaseModel)


@dataclass(frozen=True, eq=False)
class Contents:
    """The unverified contents of a bundle.

    Attributes:
        archive: checked archive of the bundle.
        manifest: manifest of the bundle.
        rows: unverified rows.
        sessions: sessions by id.
    """

    archive: Archive
    manifest: BundleManifest
    rows: tuple[Row, ...]
    sessions: dict[str, Session]

    def raw(self, trial: str) -> tuple[Raw, dict[str, np.ndarray]] | None:
        """Read the raw answer of a trial; return None if the bundle has none.

        Raises:
            BundleError: if it is damaged, or its tensors differ from the tensors that its answers name.
        """
        name = f"raw/{trial}.json"
        if name not in self.archive.names:
            return None
        raw = _read(Raw, self.archive.read(name), name)
        answers = [("answer", raw.answer), *((f"report{n}", one) for n, one in enumerate(raw.reports))]
        wanted = {f"{prefix}/{array}" for prefix, answer in answers if answer is not None for array in answer.arrays}
        tensors = self._tensors(f"raw/{trial}.safetensors")
        for missing in sorted(wanted ^ tensors.keys()):
            problem = "is missing" if missing in wanted else "belongs to no answer"
            raise BundleError(f"raw/{trial}.safetensors: tensor {missing!r} {problem}")
        return raw, tensors

    def _tensors(self, name: str) -> dict[str, np.ndarray]:
        if name not in self.archive.names:
            return {}
        try:
            return load(self.archive.read(name))
        except BundleError:
            raise
        except Exception as error:  # noqa: BLE001 - forged bytes can make the reader raise nearly anything
            raise BundleError(f"{name} holds damaged tensors ({type(error).__name__})") from None


@dataclass(frozen=True, eq=False)
class OpenedBundle:
    """An opened bundle: its contents (None if it cannot be read as a bundle), and the faults found so far."""

    path: Path
    sha256: str = ""
    contents: Contents | None = None
    findings: tuple[Discrepancy, ...] = field(default=())


def open_bundle(path: Path, most_mib: float = MOST_MIB) -> OpenedBundle:
    """Open a bundle and read everything except the raw answers.

    Raises:
        StorageError: if the file does not exist or cannot be read.
    """
    try:
        archive = open_archive(path, most_mib)
    except BundleError as error:
        return OpenedBundle(path, findings=(Discrepancy("archive", problem=str(error)),))
    try:
        manifest = _read_manifest(archive)
    except BundleError as error:
        return OpenedBundle(path, archive.sha256, findings=(Discrepancy(MANIFEST, problem=str(error)),))
    findings = _check_files(archive, manifest)
    rows, damaged = _read_rows(archive)
    sessions, strange = _read_sessions(archive)
    return OpenedBundle(
        path, archive.sha256, Contents(archive, manifest, rows, sessions), (*findings, *damaged, *strange)
    )


def _read_manifest(archive: Archive) -> BundleManifest:
    content = archive.read(MANIFEST)
    try:
        held = json.loads(content)
    except (ValueError, RecursionError):
        held = None
    if isinstance(held, dict) and (held.get("format"), held.get("protocol")) != (1, PROTOCOL):
        versions = f"format {held.get('format')!r}, protocol {held.get('protocol')!r}"
        raise BundleError(f"{versions}; this netjigsaw verifies format 1, protocol {PROTOCOL}"[:300])
    return _read(BundleManifest, content, "")


def _check_files(archive: Archive, manifest: BundleManifest) -> list[Discrepancy]:
    """Compare every file with its digest in the manifest."""
    findings = []
    for name in sorted((archive.names - {MANIFEST}) ^ manifest.files.keys()):
        problem = "is missing from the archive" if name in manifest.files else f"is not listed in {MANIFEST}"
        findings.append(Discrepancy(name, problem=problem))
    for name in sorted(archive.names & manifest.files.keys()):
        try:
            found = hashlib.sha256(archive.read(name)).hexdigest()
        except BundleError as error:
            findings.append(Discrepancy(name, problem=str(error)))
            continue
        if found != manifest.files[name]:
            findings.append(Discrepancy(name, "sha256", claimed=manifest.files[name], verified=found))
    return findings


def _read_rows(archive: Archive) -> tuple[tuple[Row, ...], list[Discrepancy]]:
    rows, findings = [], []
    try:
        lines = archive.read(ROWS).split(b"\n")
    except BundleError as error:
        return (), [Discrepancy(ROWS, problem=str(error))]
    if lines.pop():
        findings.append(Discrepancy(ROWS, problem="the last line is cut off"))
    for number, line in enumerate(lines, start=1):
        try:
            rows.append(_read(Row, line, ""))
        except BundleError as error:
            findings.append(Discrepancy(f"{ROWS}, line {number}", problem=str(error)))
    return tuple(rows), findings


def _read_sessions(archive: Archive) -> tuple[dict[str, Session], list[Discrepancy]]:
    sessions, findings = {}, []
    for name in sorted(name for name in archive.names if name.startswith("sessions/")):
        try:
            session = _read(Session, archive.read(name), "")
        except BundleError as error:
            findings.append(Discrepancy(name, problem=str(error)))
            continue
        if name != f"sessions/{session.id}.json":
            findings.append(Discrepancy(name, "id", claimed=session.id, verified=name[9:-5]))
        sessions[session.id] = session
    return sessions, findings


def _read(schema: type[Model], content: bytes, name: str) -> Model:
    """Validate foreign JSON with its schema.

    Raises:
        BundleError: if the text is not JSON, holds NaN, or does not fit the schema.
    """
    where = f"{name}: " if name else ""
    try:
        canonical_json(json.loads(content)).encode()  # refuses NaN, infinity and unpaired surrogates
    except (ValueError, RecursionError) as error:
        raise BundleError(f"{where}is not JSON ({error})") from None
    try:
        return schema.model_validate_json(content)
    except ValidationError as error:
        raise BundleError(f"{where}{first_fault(error)}") from None
