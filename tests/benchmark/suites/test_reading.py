from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from benchmark.results.trial import Limits
from benchmark.suites.finding import resolve_suite
from benchmark.suites.reading import read_suite
from generator.errors import SpecError, StorageError

if TYPE_CHECKING:
    from collections.abc import Callable

DOCS = Path(__file__).parents[3] / "docs/suites.md"
HEAD = 'format = 1\nname = "mine"\nfamily = "toy"\n'
ONE = '[[puzzle]]\nname = "a"\nseed = 1\n'


def test_a_suite_is_read_in_order(write: Callable[..., Path]) -> None:
    suite = read_suite(write())
    assert [(entry.name, entry.family, entry.tags) for entry in suite.entries] == [
        ("small", "toy", ("easy", "D")),
        ("large", "toy", ()),
        ("net", "reassembly", ()),
    ]
    assert (suite.seeds, suite.limits) == (2, Limits(wall_s=5, memory_mib=None))
    assert suite.digest is None
    recipe = suite.entry("net").recipe
    assert recipe is not None
    assert recipe.spec.model_dump()["depth"] == 2
    assert [entry.name for entry in suite.select("D")] == ["small"]
    assert [entry.name for entry in suite.select("*l*")] == ["small", "large"]


def test_a_preset_is_changed_by_the_spec(write: Callable[..., Path]) -> None:
    item = ONE + 'family = "reassembly"\npreset = "tiny"\nspec = { depth = 9, clip = "none" }\n'
    (entry,) = read_suite(write(HEAD, item)).entries
    assert entry.recipe is not None
    spec = entry.recipe.spec.model_dump()
    assert (spec["depth"], spec["rate_first"], spec["clip"]) == (9, 0.3, None)


def test_names_and_tags_and_order_of_keys_do_not_change_a_recipe(write: Callable[..., Path]) -> None:
    one = read_suite(write(HEAD, '[[puzzle]]\nname = "a"\nseed = 1\nspec = {size = 9}\n')).entries[0]
    two = read_suite(write(HEAD, '[[puzzle]]\nspec = {size = 9}\ntags = ["x"]\nseed = 1\nname = "b"\n')).entries[0]
    assert one.recipe is not None
    assert two.recipe is not None
    assert one.recipe.digest == two.recipe.digest
    assert one.path == two.path


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("format = 1\nname = \n", "line 2"),
        ('name = "mine"\n' + ONE, "format is missing"),
        ("format = 2\n" + ONE, "format is 2"),
        (HEAD, "puzzle: Field required"),
        (HEAD + "sedes = 2\n" + ONE, "unknown key 'sedes'; did you mean seeds?"),
        (HEAD + "seeds = 0\n" + ONE, "seeds: Input should be greater than or equal to 1"),
        (HEAD + "[limits]\nwall = 3\n" + ONE, "[limits]: unknown key 'wall'; did you mean wall_s?"),
        (HEAD + "[limits]\nwall_s = -1\n" + ONE, "[limits]: wall_s: Input should be greater than 0"),
        (HEAD + '[scoring]\nheadline = ["rihgt"]\n' + ONE, "no toy metric 'rihgt'; did you mean right?"),
        (HEAD + '[[puzzle]]\nname = "a"\n', "puzzle 'a': needs a seed"),
        (HEAD + '[[puzzle]]\nname = "a"\nseed = "1"\n', "puzzle 'a': seed: Input should be a valid integer"),
        (HEAD + '[[puzzle]]\nname = "a"\nseed = true\n', "puzzle 'a': seed: Input should be a valid integer"),
        (HEAD + '[[puzzle]]\nname = "a"\nsed = 1\n', "puzzle 'a': unknown key 'sed'; did you mean"),
        (HEAD + ONE + "spec = { sice = 3 }\n", "puzzle 'a': a toy spec has no field 'sice'; did you mean size?"),
        (HEAD + ONE + 'spec = { size = "many" }\n', "puzzle 'a': size: Input should be a valid integer"),
        (HEAD + ONE + 'preset = "tiny"\n', "puzzle 'a': no toy preset 'tiny'"),
        (HEAD + ONE + 'family = "toi"\n', "puzzle 'a': no puzzle family 'toi'; did you mean toy?"),
        (HEAD + ONE + f'digest = "{"0" * 64}"\n', "puzzle 'a': has a digest, so it can have no seed"),
        (HEAD + ONE + ONE, "puzzle 'a' is listed twice"),
        (HEAD + ONE + ONE.replace('"a"', '"b"'), "puzzle 'b' is the same as 'a'"),
        (HEAD + ONE.replace('"a"', '"../a"'), "puzzle '../a': name: may hold only letters"),
        (HEAD + ONE.replace('"a"', '"answers"'), "'answers': is reserved for the folder of the sealed answers"),
        (HEAD + "[[puzzle]]\nseed = 1\n", "puzzle number 1: name: Field required"),
        (HEAD.replace('family = "toy"\n', "") + ONE, "puzzle 'a': needs a family"),
    ],
)
def test_a_mistake_is_one_line_with_file_puzzle_and_key(write: Callable[..., Path], text: str, complaint: str) -> None:
    path = write(text, "")
    with pytest.raises(SpecError) as caught:
        read_suite(path)
    message = str(caught.value)
    assert message.startswith(str(path))
    assert complaint in message
    assert "\n" not in message


def test_the_suite_in_the_docs_is_one(write: Callable[..., Path]) -> None:
    text = DOCS.read_text(encoding="utf-8")
    (block,) = re.findall(r"```toml\n(.*?)```", text, flags=re.DOTALL)
    suite = read_suite(write(block, ""))
    assert [entry.name for entry in suite.entries] == ["brief-12x16", "published-like"]
    path = write(block.replace("width =", "widht ="), "")
    with pytest.raises(SpecError) as caught:
        read_suite(path)
    assert f"netjigsaw: {str(caught.value).replace(str(path), path.name)}\n" in text


def test_suites_are_found_by_name_file_and_folder(
    write: Callable[..., Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = write()
    (tmp_path / "folder").mkdir()
    path.rename(tmp_path / "folder" / "suite.toml")
    monkeypatch.chdir(tmp_path)
    assert resolve_suite("folder").name == resolve_suite("folder/suite.toml").name == "mine"
    assert resolve_suite("mini").name == "mini"
    with pytest.raises(SpecError, match=r"no suite 'minni', and no TOML file .* of that name; did you mean mini"):
        resolve_suite("minni")
    with pytest.raises(StorageError, match="no suite at"):
        read_suite(tmp_path / "gone.toml")
