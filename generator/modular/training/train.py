"""Train one network on all pairs at once: float32 steps, float64 loss, the checkpoint of the best margin.

A step evaluates the whole grid of pairs by sums of table rows, see `generator.modular.training.pairs`. The last
parameters are often not the best: weight decay 2 gives spikes of the loss late in training, so the result is the
checkpoint with the largest margin.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

import torch

from generator.modular.training.loss import Scores, cross_entropy, evaluate
from generator.modular.training.mlp import build_mlp, mlp_layout, mlp_logits
from generator.modular.training.pairs import Pairs, lay_out
from generator.modular.training.parameters import Parameter, draw, unpack
from generator.modular.training.transformer import build_transformer, transformer_layout, transformer_logits
from generator.puzzle.sealing import silent
from generator.training import one_thread
from generator.training import train as descend

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from generator.modular.network.mlp import MLP
    from generator.modular.network.transformer import Transformer
    from generator.modular.training.recipe import Recipe
    from generator.puzzle.sealing import Progress

__all__ = ["Evaluation", "Trained", "build", "grid_logits", "layout_of", "train"]

EVERY = 20
"""Steps between evaluations on all pairs. A smaller value finds a slightly better checkpoint and costs time: an
evaluation takes about half as long as a step. Hand-set.
"""

BLOCK = 31 * 2**20
"""Bytes of the block that `_keep_memory` frees; glibc follows sizes up to 32 MiB."""

WARMUP = 10
"""First steps over which the learning rate rises. From the paper's transformers."""

SECOND_MOMENTUM = 0.98
"""beta2 of AdamW. From the paper's transformers."""


@dataclass(frozen=True)
class Evaluation:
    """The scores after a number of steps; `cpu_s` is the CPU time since the start, in seconds."""

    step: int
    cpu_s: float
    scores: Scores


@dataclass(frozen=True, eq=False)
class Trained:
    """A trained network.

    Attributes:
        recipe: how it was trained.
        seed: of the split, and of the initial weights.
        network: in float64, after `step` steps.
        step: steps after which the margin over all pairs was largest; the last step if no checkpoint answers all pairs.
        history: evaluations in order of their steps, the last one after all steps.
        checkpoints: networks after the steps that were asked for, by step.
        trained_pairs: which pairs were trained on, p x p.
        cpu_s: CPU time of the training, in seconds.
    """

    recipe: Recipe
    seed: int
    network: MLP | Transformer
    step: int
    history: tuple[Evaluation, ...]
    checkpoints: Mapping[int, MLP | Transformer]
    trained_pairs: torch.Tensor
    cpu_s: float

    @property
    def solved(self) -> Evaluation | None:
        """The first evaluation with all pairs right, if there is one."""
        return next((one for one in self.history if one.scores.accuracy == 1), None)

    @property
    def best(self) -> Evaluation:
        """The evaluation of `network`."""
        return next(one for one in self.history if one.step == self.step)


@dataclass(frozen=True)
class _Settings:
    """Settings of the training loop, see `generator.training.TrainingSettings`."""

    steps: int
    learning_rate: float
    weight_decay: float
    schedule: Literal["constant", "cosine", "linear", "wsd"]
    warmup: int = WARMUP
    optimiser: Literal["adamw", "adam", "sgd"] = "adamw"
    momentum: float = 0.9
    clip: float | None = None


@dataclass
class _Run:
    """The parameters, and what is kept of them at the evaluations."""

    recipe: Recipe
    pairs: Pairs
    flat: torch.Tensor
    checkpoints: Collection[int]
    layout: tuple[Parameter, ...]
    history: list[Evaluation] = field(default_factory=list)
    kept: dict[int, torch.Tensor] = field(default_factory=dict)
    best: tuple[int, float, torch.Tensor] | None = None
    started: float = field(default_factory=time.process_time)

    def look(self, step: int) -> None:
        """Evaluate the parameters after `step` steps; keep them if they are the best, or asked for."""
        with torch.no_grad():
            logits = grid_logits(unpack(self.flat, self.layout), self.recipe, self.pairs, everything=True)
            scores = evaluate(logits, self.pairs)
        self.history.append(Evaluation(step, time.process_time() - self.started, scores))
        if scores.margin > (self.best[1] if self.best else 0):
            self.best = (step, scores.margin, self.flat.detach().clone())
        if step in self.checkpoints:
            self.kept[step] = self.flat.detach().clone()


def train(recipe: Recipe, seed: int, progress: Progress = silent, *, checkpoints: Collection[int] = ()) -> Trained:
    """Train a network; recipe and seed fix every bit of it.

    Args:
        recipe: architecture, sizes, optimiser, split.
        seed: of the split into training and other pairs, and of the initial weights.
        progress: called with the training loss.
        checkpoints: steps after which the network is kept too, for measures over the training.

    Raises:
        TrainingError: if the training diverges.
    """
    with one_thread():
        return _train(recipe, seed, progress, checkpoints)


def _train(recipe: Recipe, seed: int, progress: Progress, checkpoints: Collection[int]) -> Trained:
    _keep_memory()
    generator = torch.Generator().manual_seed(seed)
    trained = _split(recipe, generator)
    pairs = lay_out(trained, half=recipe.symmetric)
    layout = layout_of(recipe)
    flat = draw(layout, generator).requires_grad_()
    run = _Run(recipe, pairs, flat, checkpoints, layout)
    rows = slice(None) if pairs.chosen is None else pairs.chosen
    weight = pairs.trained[rows] / pairs.trained.sum()
    target = pairs.target[rows] + recipe.modulus * torch.arange(len(weight))

    def gradient(step: int) -> torch.Tensor:
        if step % EVERY == 0 or step in checkpoints:
            run.look(step)
        logits = grid_logits(unpack(flat, layout), recipe, pairs, everything=False)
        loss, pull = cross_entropy(logits.detach(), target, weight)
        flat.grad = None
        logits.backward(pull)  # type: ignore[no-untyped-call]
        return loss

    settings = _Settings(recipe.steps, recipe.learning_rate, recipe.weight_decay, recipe.schedule)
    descend([flat], gradient, settings, progress, second_momentum=SECOND_MOMENTUM)
    run.look(recipe.steps)
    step, _, best = run.best or (recipe.steps, 0.0, flat.detach())
    return Trained(
        recipe=recipe,
        seed=seed,
        network=build(best, recipe),
        step=step,
        history=tuple(run.history),
        checkpoints={step: build(kept, recipe) for step, kept in run.kept.items()},
        trained_pairs=trained,
        cpu_s=time.process_time() - run.started,
    )


def _keep_memory() -> None:
    """Make glibc reuse the memory of freed tensors instead of handing it back to the system at every step.

    When almost 32 MiB of memory are freed at once, glibc raises its limits for mapping and trimming to that size and
    twice it (mallopt(3), M_MMAP_THRESHOLD). Fresh pages otherwise cost more than the arithmetic. Elsewhere this has no
    effect.
    """
    torch.empty(BLOCK, dtype=torch.uint8)


def layout_of(recipe: Recipe) -> tuple[Parameter, ...]:
    """List the parameters of a recipe's network."""
    return transformer_layout(recipe) if recipe.architecture == "transformer" else mlp_layout(recipe)


def grid_logits(weights: Mapping[str, torch.Tensor], recipe: Recipe, pairs: Pairs, *, everything: bool) -> torch.Tensor:
    """Compute the logits of all rows, or of the rows that a training step needs, n x p."""
    logits = transformer_logits if recipe.architecture == "transformer" else mlp_logits
    return logits(weights, recipe, pairs, everything=everything)


def build(flat: torch.Tensor, recipe: Recipe) -> MLP | Transformer:
    """Build the network of flat parameters, in float64."""
    weights = {name: values.clone() for name, values in unpack(flat.double(), layout_of(recipe)).items()}
    if recipe.architecture == "transformer":
        return build_transformer(weights, recipe)
    return build_mlp(weights, recipe)


def _split(recipe: Recipe, generator: torch.Generator) -> torch.Tensor:
    """Choose the training pairs, p x p."""
    p = recipe.modulus
    trained = torch.zeros(p * p, dtype=torch.bool)
    trained[torch.randperm(p * p, generator=generator)[: int(recipe.train_share * p * p)]] = True
    return trained.view(p, p)
