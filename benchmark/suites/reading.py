"""Read a suite's TOML file into the record. An error is one line that names file, puzzle and key."""

from __future__ import annotations

import tomllib
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError

from benchmark.results.trial import Limits
from benchmark.suites.cache import cached_path
from benchmark.suites.locking import read_lock
from benchmark.suites.record import Entry, Recipe, Suite, built_digest
from benchmark.suites.schema import PuzzleItem, Scoring, SuiteFile
from generator.errors import SpecError, StorageError
from generator.family.recipe import make_spec
from generator.family.registry import find_family
from generator.puzzle.canonical import sha256_json
from generator.puzzle.storage import DEFAULT_ANSWERS
from generator.suggest import did_you_mean

if TYPE_CHECKING:
    from pathlib import Path

    from pydantic import BaseModel

    from benchmark.suites.schema import Lock

__all__ = ["SUITE_FILE", "puzzles_folder", "read_suite"]

SUITE_FILE = "suite.toml"
"""Name of the TOML file in a suite's folder."""

_TABLES: dict[str, type[BaseModel]] = {"limits": Limits, "scoring": Scoring, "puzzle": PuzzleItem}


def puzzles_folder(source: Path) -> Path:
    """Return the folder of the puzzles that come with a suite's TOML file."""
    return source.parent / "puzzles"


def read_suite(source: Path) -> Suite:
    """Read a suite's TOML file, and its lock if there is one.

    Raises:
        StorageError: if a file cannot be read.
        SpecError: if the TOML file is invalid.
        PuzzleError: if the lock, or the manifest of a built puzzle, is damaged.
    """
    file = _parse(source)
    lock = read_lock(source)
    entries: list[Entry] = []
    for item in file.puzzle:
        try:
            entries.append(_entry(file, item, source, lock))
        except SpecError as error:
            raise SpecError(f"{source}: puzzle {item.name!r}: {error}") from None
    _check_apart(source, entries)
    headline = _headline(source, file, entries)
    return Suite(
        name=file.name,
        description=" ".join(file.description.split()),
        source=source,
        seeds=file.seeds,
        limits=file.limits,
        headline=headline,
        entries=tuple(entries),
        definition=_definition(file, entries),
        lock=lock,
    )


def _parse(source: Path) -> SuiteFile:
    try:
        content: dict[str, Any] = tomllib.loads(source.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise StorageError(f"no suite at {source}") from None
    except (OSError, UnicodeDecodeError) as error:
        raise StorageError(f"cannot read {source}: {getattr(error, 'strerror', None) or error}") from error
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        raise SpecError(f"{source} is not TOML: {error}") from None
    if content.get("format") != 1:
        found = repr(content["format"]) if "format" in content else "missing"
        raise SpecError(f"{source}: format is {found}; this netjigsaw reads suites of format 1")
    if isinstance(content.get("limits"), dict):  # TOML has no null
        content["limits"] = {key: None if value == "none" else value for key, value in content["limits"].items()}
    try:
        return SuiteFile.model_validate(content)
    except ValidationError as error:
        raise SpecError(f"{source}: {_fault(error, content)}") from None


def _fault(error: ValidationError, content: dict[str, Any]) -> str:
    """Describe the first fault in one line with puzzle, key and problem."""
    fault = error.errors(include_url=False, include_input=False)[0]
    place = list(fault["loc"])
    model: type[BaseModel] = _TABLES.get(str(place[0]), SuiteFile) if len(place) > 1 else SuiteFile
    where = ""
    if place[:1] == ["puzzle"] and len(place) > 1 and isinstance(place[1], int):
        raw = content["puzzle"][place[1]]
        name = raw.get("name") if isinstance(raw, dict) else None
        where = f"puzzle {name!r}" if isinstance(name, str) else f"puzzle number {place[1] + 1}"
        place = place[2:]
    elif len(place) > 1:
        where, place = f"[{place[0]}]", place[1:]
    key = ".".join(map(str, place))
    text = str(fault["msg"]).removeprefix("Value error, ")
    if fault["type"] == "extra_forbidden":
        text, key = f"unknown key {key!r}{did_you_mean(key, model.model_fields)}", ""
    elif fault["type"] == "string_pattern_mismatch":
        text = "may hold only letters, digits, dots, dashes and underscores, and must begin with a letter or digit"
    return ": ".join(part for part in (where, key, text) if part)


def _entry(file: SuiteFile, item: PuzzleItem, source: Path, lock: Lock | None) -> Entry:
    name = item.family or file.family
    if name is None:
        raise SpecError("needs a family; set family in the puzzle, or in the suite for all puzzles")
    if item.name == DEFAULT_ANSWERS:
        raise SpecError("is reserved for the folder of the sealed answers; choose another name for the puzzle")
    family = find_family(name)
    supplied = puzzles_folder(source) / item.name
    if item.digest is not None:
        return Entry(
            name=item.name,
            family=family.name,
            tags=item.tags,
            recipe=None,
            path=supplied,
            supplied=True,
            locked=item.digest,
            commitment=item.commitment,
            digest=built_digest(supplied),
        )
    recipe = Recipe(family.name, make_spec(family, item.preset, item.spec), item.seed or 0)
    noted = lock.puzzles.get(item.name) if lock is not None else None
    current = noted is not None and noted.recipe == recipe.digest
    # A puzzle beside the file belongs to the recipe in the lock. If the recipe has changed, it is another puzzle.
    comes_along = current and (supplied / "manifest.json").exists()
    path = supplied if comes_along else cached_path(recipe)
    return Entry(
        name=item.name,
        family=family.name,
        tags=item.tags,
        recipe=recipe,
        path=path,
        supplied=comes_along,
        locked=noted.digest if noted is not None and current else None,
        outdated=noted is not None and not current,
        digest=built_digest(path),
    )


def _check_apart(source: Path, entries: list[Entry]) -> None:
    names: set[str] = set()
    made: dict[str, str] = {}
    for entry in entries:
        if entry.name in names:
            raise SpecError(f"{source}: puzzle {entry.name!r} is listed twice; give each puzzle its own name")
        names.add(entry.name)
        identity = entry.recipe.digest if entry.recipe is not None else str(entry.locked)
        if identity in made:
            raise SpecError(f"{source}: puzzle {entry.name!r} is the same as {made[identity]!r}: change its seed")
        made[identity] = entry.name


def _headline(source: Path, file: SuiteFile, entries: list[Entry]) -> tuple[str, ...] | None:
    """Check the suite's headline metrics; every family of the suite must have them."""
    for family in {entry.family for entry in entries}:
        known = [metric.name for metric in find_family(family).metrics]
        for name in file.scoring.headline or ():
            if name not in known:
                raise SpecError(
                    f"{source}: [scoring]: headline: no {family} metric {name!r}{did_you_mean(name, known)}"
                )
    return file.scoring.headline


def _definition(file: SuiteFile, entries: list[Entry]) -> str:
    puzzles = [
        [entry.name, list(entry.tags), entry.recipe.digest if entry.recipe is not None else entry.locked]
        for entry in entries
    ]
    return sha256_json({**file.model_dump(mode="json", exclude={"puzzle", "description"}), "puzzles": puzzles})
