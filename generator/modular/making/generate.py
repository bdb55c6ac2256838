"""Make one puzzle from a recipe and a seed: draw the network, scramble it, measure the truth, seal it."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from generator.errors import TrainingError
from generator.modular.layout.tensors import network_of, tensors_of
from generator.modular.making.fold import folded
from generator.modular.making.scramble import scrambled
from generator.modular.making.source import draw_network
from generator.modular.making.truth import measure_truth
from generator.modular.measures.frequencies import logit_amplitudes
from generator.modular.network.mlp import MLP
from generator.modular.questions import PAIRS
from generator.modular.relabelling import Relabelling, in_symbols
from generator.modular.sealed import answer_of
from generator.modular.spec import PublicSpec
from generator.puzzle.canonical import sha256_json, sha256_tensors
from generator.puzzle.sealing import seal, silent
from generator.training import one_thread

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from generator.modular.network.transformer import Transformer
    from generator.modular.spec import ModularSpec
    from generator.puzzle.sealing import Made, Progress

__all__ = ["generate", "sized"]

LOGIT_SIZE, LOGIT_SPREAD = 5.0, 0.3
"""Root of the summed squares of the mean amplitudes of all frequencies in the logits, and the standard deviation of its
logarithm. The size of logits is no part of the algorithm, so all networks follow one law. Mean amplitudes and not root
mean squares are made equal, because readouts of pizzas and clocks then have the same size. Hand-set."""


def generate(spec: ModularSpec, *, name: str, seed: int, progress: Progress = silent) -> Made:
    """Make one puzzle.

    Raises:
        SpecError: if the recipe names circles or a training recipe that do not exist.
        TrainingError: if none of `spec.tries` networks is of the kind that is asked for.
    """
    names_rng, pairs_rng, *draws = map(np.random.default_rng, np.random.SeedSequence(seed).spawn(2 + spec.tries))
    names = Relabelling.identity(spec.modulus)
    if spec.names != "public":
        names = Relabelling.drawn(spec.modulus, names_rng, same=spec.names == "one")
    chosen = pairs_rng.choice(spec.modulus**2, PAIRS, replace=spec.modulus**2 < PAIRS)
    pairs: NDArray[np.int64] = np.stack(np.divmod(chosen, spec.modulus), axis=1).astype(np.int64)
    faults: list[str] = []
    for rng in draws:
        try:
            with one_thread():
                return _made(spec, names, pairs, rng, name=name, seed=seed, progress=progress)
        except TrainingError as error:
            faults.append(str(error))
    raise TrainingError(f"none of {spec.tries} networks fits; the last: {faults[-1]}")


def _made(
    spec: ModularSpec,
    names: Relabelling,
    pairs: NDArray[np.int64],
    rng: np.random.Generator,
    *,
    name: str,
    seed: int,
    progress: Progress,
) -> Made:
    """Make the puzzle of one draw."""
    drawn = folded(draw_network(spec, rng, progress))
    network = in_symbols(scrambled(sized(drawn, rng), spec.hidden, rng), names)
    tensors, public = tensors_of(network), _public(network, spec)
    whole = network_of(tensors, public.model_copy(update={"withheld": False}))
    truth, measures = measure_truth(whole, names, pairs, spec, public.questions)
    pieces = {key: tensor for key, tensor in tensors.items() if not (public.withheld and key.startswith("unembed"))}
    return seal(
        family="modular",
        name=name,
        seed=seed,
        secret=sha256_json(sha256_tensors(tensors_of(drawn))),
        answer=answer_of(truth),
        pieces=pieces,
        data={"pairs": pairs} if "interventions" in public.questions else {},
        spec=public.model_dump(mode="json", exclude_defaults=True),
        notes={"recipe": spec.model_dump(mode="json"), "measures": measures.record()},
    )


def sized(network: MLP | Transformer, rng: np.random.Generator) -> MLP | Transformer:
    """Multiply the logits so that their size follows one law."""
    size = float(logit_amplitudes(network.logits()).norm())
    if not 0 < size < float("inf"):
        raise TrainingError("the logits of the network are all equal, or not finite")
    factor = LOGIT_SIZE * rng.lognormal(0.0, LOGIT_SPREAD) / size
    network = replace(network, unembed=factor * network.unembed)
    return replace(network, unembed_bias=factor * network.unembed_bias) if isinstance(network, MLP) else network


def _public(network: MLP | Transformer, spec: ModularSpec) -> PublicSpec:
    """Describe what a solver may know of a network."""
    shape: dict[str, Any] = {"container": "mlp"}
    if isinstance(network, MLP):
        shape["layers"] = 1 + len(network.hidden)
    else:
        third = network.third is not None
        shape = {"container": "transformer", "layers": len(network.blocks), "rate": network.rate, "third": third}
    return PublicSpec.model_validate(
        {
            "modulus": spec.modulus,
            "activation": network.activation,
            "names": spec.names,
            "withheld": spec.withhold_unembedding,
            "lookups": spec.lookups,
            "label": spec.label,
            **shape,
        }
    )
