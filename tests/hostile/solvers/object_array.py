"""Returns tensors of things that are no numbers."""

from __future__ import annotations

from typing import Any

import numpy as np


class Objects:
    value = 1
    arrays = {"weights": np.array([object(), None])}  # noqa: RUF012 - as a careless author would write it


def attack(puzzle: Any, context: Any) -> Any:
    return Objects()
