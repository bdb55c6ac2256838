from __future__ import annotations

import pytest
import torch
from torch import Tensor
from torch.nn import functional as F  # noqa: N812 - the field's name for it

from generator.reassembly.network.gradient import ACTIVATION_GRADIENTS, BatchGradient
from generator.reassembly.network.residual import ACTIVATIONS, ResidualNetwork


def network(activation: str, *, biases: bool, outputs: int = 3, depth: int = 4) -> ResidualNetwork:
    rng = torch.Generator().manual_seed(5)

    def draw(*shape: int) -> Tensor:
        return torch.randn(shape, generator=rng, dtype=torch.float64) * 0.5

    def bias(*shape: int) -> Tensor:
        return draw(*shape) if biases else torch.zeros(shape, dtype=torch.float64)

    return ResidualNetwork(
        U=draw(depth, 7, 5),
        c=bias(depth, 7),
        V=draw(depth, 5, 7),
        e=bias(depth, 5),
        head=draw(outputs, 5),
        head_bias=bias(outputs),
        activation=activation,
    )


def batch(*, classes: bool, outputs: int = 3) -> tuple[Tensor, Tensor]:
    rng = torch.Generator().manual_seed(6)
    x = torch.randn(11, 5, generator=rng, dtype=torch.float64)
    if classes:
        return x, torch.randint(outputs, (11, 1), generator=rng).double()
    return x, torch.randn(11, outputs, generator=rng, dtype=torch.float64)


def copied(net: ResidualNetwork) -> ResidualNetwork:
    names = ("U", "c", "V", "e", "head", "head_bias")
    copies = {name: getattr(net, name).clone().requires_grad_(requires_grad=True) for name in names}
    return ResidualNetwork(**copies, activation=net.activation)


def test_every_activation_has_a_gradient() -> None:
    assert ACTIVATIONS.keys() == ACTIVATION_GRADIENTS.keys()


@pytest.mark.parametrize("classes", [False, True])
@pytest.mark.parametrize("biases", [False, True])
@pytest.mark.parametrize("activation", sorted(ACTIVATIONS))
def test_gradient_is_autograd_s(activation: str, *, biases: bool, classes: bool) -> None:
    net = network(activation, biases=biases)
    x, y = batch(classes=classes)
    theirs = copied(net)
    output = theirs(x)
    expected = F.cross_entropy(output, y[:, 0].long()) if classes else F.mse_loss(output, y)
    expected.backward()  # type: ignore[no-untyped-call]  # torch leaves it untyped

    ours = BatchGradient(net, biases=biases, classes=classes)
    loss = ours(x, y)

    assert loss.item() == pytest.approx(expected.item(), rel=1e-12)
    names = ["U", "V", "head"] + (["c", "e", "head_bias"] if biases else [])
    assert len(ours.parameters) == len(names)
    for name in names:
        torch.testing.assert_close(getattr(net, name).grad, getattr(theirs, name).grad, rtol=1e-10, atol=1e-13)
    if not biases:
        assert net.c.grad is None
        assert net.e.grad is None


def test_a_second_call_overwrites_the_first_one_s_gradient() -> None:
    net = network("gelu", biases=True)
    ours = BatchGradient(net, biases=True, classes=False)
    x, y = batch(classes=False)
    ours(x, y)
    first = [parameter.grad.clone() for parameter in ours.parameters if parameter.grad is not None]
    ours(x + 1, y - 1)
    ours(x, y)
    for parameter, gradient in zip(ours.parameters, first, strict=True):
        assert parameter.grad is not None
        assert torch.equal(parameter.grad, gradient)


def test_the_labels_and_inputs_are_left_as_they_were() -> None:
    net = network("relu", biases=True)
    x, y = batch(classes=False)
    kept = x.clone(), y.clone()
    BatchGradient(net, biases=True, classes=False)(x, y)
    assert torch.equal(x, kept[0])
    assert torch.equal(y, kept[1])
