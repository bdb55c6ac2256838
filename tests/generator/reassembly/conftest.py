from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.solvers.reassembly.conftest import random_network

if TYPE_CHECKING:
    from collections.abc import Callable

    from generator.reassembly.network.residual import ResidualNetwork


@pytest.fixture
def make_network() -> Callable[..., ResidualNetwork]:
    """Draw a network whose blocks matter."""
    return random_network
