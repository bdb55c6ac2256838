"""Import networks that others trained: each checkpoint becomes a puzzle with public names, as it is.

Nothing is scrambled, because the network is published: symbol x is the residue x, and the tables are those of the
network with its embeddings folded in. The label, the circles and the outcomes of the interventions are measured on the
network before it is folded, and sealed. If the label is withheld, it is not scored.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
from pydantic import ValidationError

from generator.errors import LayoutError, SpecError, first_fault
from generator.modular.layout.checkpoint import checkpoints_in, read_checkpoint
from generator.modular.layout.config import read_config
from generator.modular.layout.tensors import network_of, tensors_of
from generator.modular.making.fold import folded
from generator.modular.making.truth import truth_from
from generator.modular.measures.label import ADDITIVE
from generator.modular.measures.summary import measure
from generator.modular.network.mlp import MLP
from generator.modular.questions import PAIRS
from generator.modular.relabelling import Relabelling
from generator.modular.sealed import WITHHELD, answer_of
from generator.modular.spec import PublicSpec
from generator.puzzle.canonical import sha256_json, sha256_tensors
from generator.puzzle.content import make_puzzle
from generator.puzzle.sealing import seal_imported
from generator.training import one_thread

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from generator.modular.layout.config import Config
    from generator.modular.measures.summary import Measures
    from generator.modular.network.transformer import Transformer
    from generator.puzzle.sealing import Made

__all__ = ["import_networks"]


def import_networks(
    path: Path,
    config: Path | None = None,
    *,
    name: str,
    activation: str | None = None,
    checkpoints: str = "30",
    label: str = "",
) -> Made | tuple[Made, ...]:
    """Read a checkpoint, or a folder of checkpoints of one run.

    Args:
        path: a file of torch.save or safetensors, or a folder of such files whose names end in their step.
        config: the run's settings in JSON; None if there are none.
        name: name of the puzzle for display; puzzles of a folder are named by their step.
        activation: name of the activation of the hidden units; None: as the configuration says, or relu.
        checkpoints: most checkpoints of a folder to read, as text.
        label: label by which tables group puzzles.

    Raises:
        StorageError: if a file is missing or cannot be read.
        LayoutError: if a checkpoint is none of the layouts that are read; the message names the first fault.
        SpecError: if an option is wrong.
    """
    if not checkpoints.isdecimal() or not int(checkpoints):
        raise SpecError(f"--checkpoints is {checkpoints!r}; expected a number from 1")
    settings = read_config(config)
    if not path.is_dir():
        return _imported(path, settings, activation, name=name, label=label)
    files, remarks = checkpoints_in(path, int(checkpoints))
    made: list[Made] = []
    said: set[str] = set()
    for step, file in files.items():
        one = _imported(file, settings, activation, name=f"step-{step}", label=label, step=step)
        warnings = one.warnings if made else (*remarks, *one.warnings)
        made.append(replace(one, warnings=tuple(text for text in warnings if text not in said)))
        said.update(warnings)
    return tuple(made)


def _imported(
    path: Path, config: Config, activation: str | None, *, name: str, label: str, step: int | None = None
) -> Made:
    """Make the puzzle of one checkpoint."""
    network, remarks = read_checkpoint(path, config, activation)
    public = _public(network, label, path)
    tensors = tensors_of(folded(network))
    rng = np.random.default_rng(int(sha256_json(sha256_tensors(tensors)), 16))
    chosen = rng.choice(public.modulus**2, PAIRS, replace=public.modulus**2 < PAIRS)
    pairs: NDArray[np.int64] = np.stack(np.divmod(chosen, public.modulus), axis=1).astype(np.int64)
    with one_thread():
        measures = measure(network)
        found, names = measures.label or WITHHELD, Relabelling.identity(public.modulus)
        scored = _scored(measures, public.questions)
        truth = truth_from(network_of(tensors, public), names, pairs, measures, label=found, scored=scored)
    puzzle = make_puzzle(
        family="modular",
        name=name,
        spec=public.model_dump(mode="json", exclude_defaults=True),
        facts={} if step is None else {"step": step},
        generator="imported network",
        pieces=tensors,
        data={"pairs": pairs},
    )
    withheld = (f"the label is withheld: {measures.withheld}",) if measures.label is None else ()
    return seal_imported(
        puzzle, answer_of(truth), (*remarks, *withheld), notes={"measures": measures.record(), "file": path.name}
    )


def _public(network: MLP | Transformer, label: str, path: Path) -> PublicSpec:
    """Describe what a solver may know of a network."""
    shape: dict[str, Any] = {"container": "mlp"}
    if isinstance(network, MLP):
        shape["layers"] = 1 + len(network.hidden)
    else:
        third = network.third is not None
        shape = {"container": "transformer", "layers": len(network.blocks), "rate": network.rate, "third": third}
    values = {"modulus": network.modulus, "activation": network.activation, "names": "public", "label": label, **shape}
    try:
        return PublicSpec.model_validate(values)
    except ValidationError as error:
        raise LayoutError(f"{path}: {first_fault(error)}") from None


def _scored(measures: Measures, asked: Sequence[str]) -> tuple[str, ...]:
    """List the questions that have an answer for a network, of which nothing but the measures is known.

    Circles are asked for only if they compute the answers independently. A network that answers some pairs wrong has
    no label, no kinds and no explanation; one with unclear kinds has everything but a label.
    """
    circles = measures.additivity >= ADDITIVE
    answerable = {"frequencies", "interventions"} if circles else set()
    if measures.label in {"pizza", "clock", "hybrid"}:
        answerable = set(asked)
    elif measures.label == "other":
        answerable.add("label")
    elif measures.accuracy == 1:
        answerable = set(asked) - {"label"}
    return tuple(question for question in asked if question in answerable)
