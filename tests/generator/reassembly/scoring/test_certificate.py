"""The certificate accepts errors within rounding, and no larger ones."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch

from generator.reassembly.scoring.certificate import Certificate, certify

if TYPE_CHECKING:
    from collections.abc import Callable

    from torch import Tensor

    from generator.reassembly.network.residual import ResidualNetwork


def data_of(network: ResidualNetwork) -> tuple[Tensor, Tensor]:
    inputs = torch.randn(200, network.U.shape[2], generator=torch.Generator().manual_seed(1))
    return inputs, network(inputs)


def certificate_of(assembly: ResidualNetwork, inputs: Tensor, targets: Tensor) -> Certificate:
    return certify(assembly, inputs, targets, float(targets.double().var(dim=0, correction=0).mean()))


def test_true_assembly_is_exact_however_its_output_was_rounded(make_network: Callable[..., ResidualNetwork]) -> None:
    network = make_network(0, depth=12)
    inputs, targets = data_of(network)
    noise = 1.0 + 2.0**-23 * torch.randn(targets.shape, generator=torch.Generator().manual_seed(0))
    elsewhere = certificate_of(network, inputs, targets * noise)  # another machine's rounding

    assert certificate_of(network, inputs, targets).exact
    assert elsewhere.exact
    assert elsewhere.mse > 0.0


def test_wrong_order_of_blocks_that_nearly_commute_is_not_exact(make_network: Callable[..., ResidualNetwork]) -> None:
    network = make_network(0)
    network.V[2] *= 2e-5
    network.e[2] *= 2e-5
    inputs, targets = data_of(network)
    order = [0, 1, 3, 2, 4]
    certificate = certificate_of(network.reordered(order, order), inputs, targets)

    assert certificate.mse < 1e-10 * certificate.variance  # a fixed threshold would let it pass
    assert not certificate.exact


def test_constant_predictions_certify_nothing(make_network: Callable[..., ResidualNetwork]) -> None:
    network = make_network(0)
    network.head.zero_()

    assert not certificate_of(network, *data_of(network)).exact
