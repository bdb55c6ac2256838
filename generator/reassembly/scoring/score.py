"""Score an assembly: its pairs of halves, its order, its error, and its roles if roles are unknown.

Where the data cannot tell some blocks apart, every equivalent order counts: the sealed
answer lists interchangeable pairs of blocks, and both orders are brought into
the same normal form before they are compared.
"""

from __future__ import annotations

import hashlib
import math
import sys
from typing import TYPE_CHECKING

import numpy as np
import torch

from generator.family.metric import Score
from generator.reassembly.scoring.certificate import certify
from generator.reassembly.scoring.verdict import PROMISING, without_answer

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from generator.puzzle.answer import Answer
    from generator.puzzle.content import SealedAnswer
    from generator.reassembly.unknown_roles import AnyPuzzle

__all__ = ["mean_squared_error", "normal_form", "reproduces", "score", "solution_sha256"]

CHUNK_ROWS = 2048
"""Rows evaluated at a time. A larger value takes more memory. Hand-set."""

LARGEST = sys.float_info.max
"""MSE recorded for an assembly that overflows: worse than any other, and representable in JSON."""

Block = tuple[int, int]
"""Piece numbers of an incoming half and of the outgoing half after it."""


def score(view: AnyPuzzle, answer: Answer, sealed: SealedAnswer | None) -> Score:
    """Score a valid answer.

    An assembly whose error is within its own rounding is exact in every metric, since the data cannot
    distinguish it from the original network. No assembly reproduces degraded predictions. In a degraded puzzle an
    assembly must instead reproduce the predictions of the true assembly of the same pieces, so that noise cannot turn
    a wrong assembly into a right one. Without the sealed answer (an imported puzzle) only the predictions can be
    compared. An imported puzzle counts as solved if the answer has the hash of the published solution. If there is no
    such hash, the puzzle counts as solved if the predictions certify the assembly: up to its rounding, up to the
    rounding of the stored predictions, or by likelihood if the predictions were computed in a lower precision. A puzzle
    that was degraded on purpose cannot count as solved without its sealed answer.
    """
    pieces: list[int] = list(answer.value)  # type: ignore[arg-type]  # `check_answer` checked it
    mse = mean_squared_error(view, pieces)
    ratio = min(mse / (view.variance or 1.0), LARGEST)
    metrics = {"mse": mse, "mse_ratio": ratio}
    if sealed is None and view.solution_sha256 is not None:
        metrics["exact_order"] = float(solution_sha256(pieces) == view.solution_sha256)
        return Score(metrics["exact_order"] == 1.0, metrics)
    if sealed is None:
        solved, reason = without_answer(view, pieces, mse)
        return Score(solved, metrics, reason)
    truth: list[int] = list(sealed.answer)  # type: ignore[arg-type]  # the generator wrote it
    loose = sealed.notes.get("interchangeable") or []
    interchangeable = {frozenset(pair) for pair in loose}  # type: ignore[union-attr,arg-type]
    compared = _compare(_blocks(pieces), _blocks(truth), interchangeable)
    if view.roles is None:
        compared["role_accuracy"] = len({*pieces[:-1:2]} & {*truth[:-1:2]}) / view.depth
    metrics |= compared
    if metrics["exact_order"] < 1 and _equivalent(view, pieces, truth, ratio):
        # Pieces that the data cannot tell apart may be equivalent in more ways than were listed.
        metrics |= dict.fromkeys(compared, 1.0)
    return Score(metrics["exact_order"] == 1.0, metrics)


def mean_squared_error(view: AnyPuzzle, pieces: Sequence[int]) -> float:
    """Compute the MSE of an assembly to the predictions, over all rows and outputs, summed in float64."""
    network = view.assembled(pieces)
    total = 0.0
    with torch.inference_mode():
        chunks = (torch.split(tensor, CHUNK_ROWS) for tensor in (view.inputs, view.predictions))
        for x, y in zip(*chunks, strict=True):
            total += float((network(x) - y).double().square().sum())
    mean = total / view.predictions.numel()
    return mean if mean < math.inf else LARGEST


def reproduces(view: AnyPuzzle, pieces: Sequence[int]) -> bool:
    """Decide whether an assembly's error is within its own rounding, see `certify`."""
    with torch.inference_mode():
        return certify(view.assembled(pieces), view.inputs, view.predictions, view.variance).exact


def _equivalent(view: AnyPuzzle, pieces: Sequence[int], truth: Sequence[int], ratio: float) -> bool:
    """Decide whether an assembly computes what the true one does."""
    if view.degradation.none:
        return ratio <= PROMISING and reproduces(view, pieces)
    with torch.inference_mode():
        wanted = view.assembled(truth)(view.inputs)
        return certify(view.assembled(pieces), view.inputs, wanted, view.variance).exact


def solution_sha256(pieces: Sequence[int]) -> str:
    """Hash a solution as the published puzzle does: the numbers joined with commas."""
    return hashlib.sha256(",".join(map(str, pieces)).encode()).hexdigest()


def normal_form(blocks: Sequence[Block], interchangeable: Collection[frozenset[int]]) -> list[Block]:
    """Bring an order into the one form that all its equivalent orders share.

    The lexicographic normal form of a Mazurkiewicz trace: emit, again and again, the
    smallest block that is interchangeable with every remaining block before it.
    `interchangeable` names blocks by their incoming halves.
    """
    waiting, form = list(blocks), []
    while waiting:
        free = [
            block
            for position, block in enumerate(waiting)
            if all(frozenset({block[0], other[0]}) in interchangeable for other in waiting[:position])
        ]
        waiting.remove(min(free))
        form.append(min(free))
    return form


def _blocks(pieces: Sequence[int]) -> list[Block]:
    return list(zip(pieces[:-1:2], pieces[1::2], strict=True))


def _compare(
    answer: Sequence[Block], truth: Sequence[Block], interchangeable: Collection[frozenset[int]]
) -> dict[str, float]:
    """Compare two orders of blocks, each in normal form.

    Where roles are unknown, an answer's halves may have each other's role: two halves of one block are a right pair
    in either order, and a block of the answer has the depth of its incoming half, whatever that half's true role.
    """
    found, wanted = normal_form(answer, interchangeable), normal_form(truth, interchangeable)
    depth = len(wanted)
    depth_of = {half: t for t, block in enumerate(wanted) for half in block}
    order = [depth_of[incoming] for incoming, _ in found]
    return {
        "pairing_accuracy": len(set(map(frozenset, found)) & set(map(frozenset, wanted))) / depth,
        "exact_order": float(found == wanted),
        "position_accuracy": sum(a == b for a, b in zip(found, wanted, strict=True)) / depth,
        "kendall_tau": _kendall_tau(order),
    }


def _kendall_tau(order: Sequence[int]) -> float:
    """Compute Kendall's tau-b with ascending order; importing scipy.stats takes half a second.

    It is 0 where all values are equal: the incoming halves of all blocks are from one block then.
    """
    count = len(order)
    signs = np.sign(np.subtract.outer(order, order))[np.tril_indices(count, -1)]
    scale = math.sqrt(signs.size * np.count_nonzero(signs))
    return round(float(signs.sum()) / scale, 12) if scale else float(count == 1)
