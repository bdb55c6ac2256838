"""Configurations of runs: what is read, and what is said of a file that is none."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
import torch

from generator.errors import LayoutError, StorageError
from generator.modular.layout.config import Config, read_config
from tests.generator.modular.layout.checkpoints import config_of

if TYPE_CHECKING:
    from pathlib import Path


def test_numbers_flags_and_nested_settings_are_read_in_every_spelling(tmp_path: Path) -> None:
    config = config_of(tmp_path / "c.json", C="59", data={"p": 61.0}, rate="5e-5", on="True", off=0.0, none=None, no="")
    assert (config.whole("C"), config.whole("missing", "p"), config.number("rate")) == (59, 61, 5e-5)
    assert (config.flag("on"), config.flag("off"), config.flag("none"), config.flag("missing")) == (1, 0, 0, 0)
    assert config.text("none", "no") is None
    assert Config().whole("C") is None


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", r"is an empty file, not a configuration in JSON; give the checkpoint first"),
        ("{'C': 59}", r"is no JSON \("),
        ("[1]", r"holds a list; expected a JSON object of settings"),
    ],
)
def test_other_files_are_refused(tmp_path: Path, text: str, told: str) -> None:
    path = tmp_path / "c.json"
    path.write_text(text)
    with pytest.raises(LayoutError, match=told):
        read_config(path)


def test_a_checkpoint_in_the_place_of_the_configuration_is_recognised(tmp_path: Path) -> None:
    torch.save({"w": torch.ones(2)}, tmp_path / "m.pt")
    with pytest.raises(LayoutError, match=r"m\.pt is a file of torch\.save, not a configuration in JSON; give the che"):
        read_config(tmp_path / "m.pt")
    with pytest.raises(StorageError, match="is missing"):
        read_config(tmp_path / "nowhere.json")
