"""Write one of the suites modular-mini and modular-standard as TOML to standard output."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from suite_file import Item, Suite, write_chosen

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

EXAMPLE = """
example:
  python experiments/making/modular_suites.py standard > standard.toml
  netjigsaw suite build standard.toml
"""

WIDE = {"hidden": 512}
"""Width for many circles, so that the width is the same for all kinds."""


def group(label: str, seed: int, specs: Iterable[dict[str, Any]], **common: Any) -> Iterator[Item]:
    """Yield the puzzles of one group, tagged with their kind and source."""
    for number, spec in enumerate(specs):
        whole = {**common, **spec, "label": label}
        tags = (str(whole.get("kind", "hybrid")), str(whole.get("source", "engineered")))
        yield Item(f"{label}-{number}", seed + number, whole, tags)


def kinds(*names: str) -> list[dict[str, Any]]:
    """List one recipe for each kind."""
    return [{"kind": name} for name in names]


TRAINED: list[dict[str, Any]] = [
    {"source": "pizza-alpha", "kind": "pizza"},
    {"source": "pizza-alpha-two-tables", "kind": "pizza"},
    {"source": "pizza-beta", "kind": "pizza"},
    {"source": "pizza-gamma", "kind": "pizza"},
    {"source": "clock-delta", "kind": "clock"},
    {"source": "clock-delta", "kind": "clock", "names": "one"},
    {"source": "clock-square", "kind": "clock"},
    {"source": "pizza-transformer", "kind": "pizza"},
    {"source": "clock-transformer", "kind": "clock", "modulus": 31},
    {"source": "memorised-delta", "kind": "memorised", "modulus": 31},
]
"""Trained networks, one recipe each."""
PUBLIC_TRAINED: list[dict[str, Any]] = [
    {"source": "pizza-beta", "kind": "pizza"},
    {"source": "clock-delta", "kind": "clock"},
]
WITHHELD: list[dict[str, Any]] = [
    {"kind": "pizza"},
    {"kind": "hybrid"},
    {"kind": "hybrid", "names": "one", "circles": 8, "spread": 1.0},
    {"kind": "clock"},
    {"kind": "pizza", "companions": 0.6},
    {"kind": "hybrid", "modulus": 60},
    {"kind": "hybrid", "modulus": 113, "circles": 6},
    {"kind": "pizza", "noise": 0.1, "circles": 7},
    {"kind": "hybrid", "container": "transformer"},
    {"kind": "clock", "container": "transformer"},
    {"source": "pizza-beta", "kind": "pizza"},
    {"source": "clock-delta", "kind": "clock"},
    {"source": "pizza-transformer", "kind": "pizza"},
]
"""Networks whose unembedding is withheld; there are no look-ups."""


def standard() -> Iterator[Item]:
    """Yield the puzzles of modular-standard, over the axes of difficulty."""
    main = ("pizza", "clock", "hybrid", "square")
    yield from group("public", 100, [*kinds(*main), *PUBLIC_TRAINED], circles=5, names="public")
    yield from group("one-permutation", 200, kinds(*main), circles=5, names="one")
    yield from group("plain", 300, kinds(*main, "table", "carry", "random-features"), circles=5)
    yield from group("companions", 400, kinds("pizza", "clock", "hybrid"), circles=5, companions=0.6)
    noisy = [{"kind": kind, "noise": noise} for noise in (0.03, 0.06) for kind in ("pizza", "clock", "hybrid")]
    yield from group("noise", 500, noisy, circles=7, spread=1.3, **WIDE)
    composite = [
        {"modulus": modulus, "kind": kind}  # modulo an even number, pizzas alone do not tell all classes
        for modulus, kind in (
            (60, "clock"),
            (60, "hybrid"),
            (63, "pizza"),
            (65, "pizza"),
            (66, "clock"),
            (66, "hybrid"),
        )
    ]
    yield from group("composite", 600, composite, circles=5)
    sizes = [
        {"modulus": modulus, "kind": kind}
        for modulus, kind in ((31, "pizza"), (31, "hybrid"), (97, "clock"), (97, "pizza"), (113, "hybrid"))
    ]
    yield from group("modulus", 700, sizes, circles=5)
    yield from group("many-circles", 800, kinds("pizza", "clock", "hybrid"), circles=10, spread=1.3, **WIDE)
    yield from group("attention", 900, kinds(*main, "trap"), circles=5, container="transformer")
    yield from group("trained", 1000, TRAINED)
    yield from group("withheld", 1100, WITHHELD, circles=5, withhold_unembedding=True)
    few = [{"kind": "clock", "lookups": 20}, {"kind": "clock", "lookups": 250}, {"kind": "hybrid", "lookups": 60}]
    yield from group("lookups", 1200, few, circles=5, withhold_unembedding=True)


def mini() -> Iterator[Item]:
    """Yield small puzzles of every kind."""
    small: dict[str, Any] = {"modulus": 31, "circles": 4, "neurons": 24, "hidden": 128}
    specs: list[dict[str, Any]] = [
        {**small, "kind": "pizza", "names": "public"},
        {**small, "kind": "pizza", "companions": 0.5},
        {**small, "kind": "clock", "names": "one"},
        {**small, "kind": "hybrid"},
        {**small, "kind": "square"},
        {**small, "modulus": 30, "kind": "hybrid"},
        {**small, "kind": "hybrid", "container": "transformer"},
        {"modulus": 31, "hidden": 128, "source": "clock-delta", "kind": "clock"},
        {"modulus": 31, "hidden": 128, "source": "pizza-beta", "kind": "pizza"},
        {**small, "kind": "hybrid", "withhold_unembedding": True},
        {**small, "kind": "clock", "withhold_unembedding": True, "lookups": 40},
    ]
    yield from group("mini", 1, specs)


def suites() -> dict[str, Suite]:
    """Return the suites of networks that add modulo p by name. Names and labels of puzzles do not tell the kind."""
    return {
        "mini": Suite("Small networks that add modulo p, of every kind.", 30, list(mini())),
        "standard": Suite(
            "Networks that add modulo p: pizzas, clocks, hybrids and others, engineered and trained.",
            60,
            list(standard()),
        ),
    }


if __name__ == "__main__":
    write_chosen("modular", suites(), __doc__, EXAMPLE)
