"""Loss and gradient of a batch, derived by hand for stacked blocks.

The chain rule of a residual block is five matrix products and a mask. The explicit form avoids the overhead of
autograd, which costs as much as the arithmetic at these sizes. For one block, with g the gradient by its output state
and z = U h + c:

    dV = g' s(z),  de = sum g,  dz = (g V) * s'(z),  dU = dz' h,  dc = sum dz,  g <- g + dz U
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from torch.nn import functional as F  # noqa: N812 - the field's name for it

from generator.reassembly.network.residual import activation_function

if TYPE_CHECKING:
    from collections.abc import Callable

    from torch import Tensor

    from generator.reassembly.network.residual import ResidualNetwork

__all__ = ["ACTIVATION_GRADIENTS", "BatchGradient"]

_ATEN = torch.ops.aten

ACTIVATION_GRADIENTS: dict[str, Callable[[Tensor, Tensor, Tensor], Tensor]] = {
    "relu": lambda g, z, _: _ATEN.threshold_backward(g, z, 0),
    "gelu": lambda g, z, _: _ATEN.gelu_backward(g, z),
    "silu": lambda g, z, _: _ATEN.silu_backward(g, z),
    "tanh": lambda g, _, a: _ATEN.tanh_backward(g, a),
}
"""Functions that compute g * sigma'(z) from g, z and a = sigma(z), by activation; autograd calls the same kernels."""


class BatchGradient:
    """Computes the training loss of a batch and writes its gradient into `.grad` of stacked tensors.

    Args:
        network: network whose tensors are the parameters; every call overwrites their `.grad`.
        biases: whether biases are trained; otherwise they get no gradient and stay zero.
        classes: whether the loss is the cross-entropy on class numbers, not the mean squared error.
    """

    def __init__(self, network: ResidualNetwork, *, biases: bool, classes: bool) -> None:
        self.network = network
        self.classes = classes
        bias = [network.c, network.e, network.head_bias] if biases else []
        self.parameters = [network.U, network.V, network.head, *bias]
        self.biases = biases
        for parameter in self.parameters:
            parameter.grad = torch.zeros_like(parameter)
        self._backward = ACTIVATION_GRADIENTS[network.activation]
        self._forward = activation_function(network.activation)

    @torch.no_grad()
    def __call__(self, x: Tensor, y: Tensor) -> Tensor:
        """Return the loss on inputs n x d and labels n x o, as a scalar tensor without synchronisation."""
        net = self.network
        states, before, after = [x], [], []
        for k in range(net.depth):
            z = torch.addmm(net.c[k], states[-1], net.U[k].T)
            a = self._forward(z)
            states.append(torch.addmm(states[-1], a, net.V[k].T).add_(net.e[k]))
            before.append(z)
            after.append(a)
        loss, g = self._output_gradient(net.read(states[-1]), y)
        torch.mm(g.T, states[-1], out=_grad(net.head))
        if self.biases:
            torch.sum(g, dim=0, out=_grad(net.head_bias))
        g = g @ net.head
        dU, dV = _grad(net.U), _grad(net.V)
        for k in reversed(range(net.depth)):
            torch.mm(g.T, after[k], out=dV[k])
            dz = self._backward(g @ net.V[k], before[k], after[k])
            torch.mm(dz.T, states[k], out=dU[k])
            if self.biases:
                torch.sum(g, dim=0, out=_grad(net.e)[k])
                torch.sum(dz, dim=0, out=_grad(net.c)[k])
            g.addmm_(dz, net.U[k])
        return loss

    def _output_gradient(self, output: Tensor, y: Tensor) -> tuple[Tensor, Tensor]:
        """Return the mean loss and its gradient by the outputs."""
        if not self.classes:
            difference = output - y
            return difference.square().mean(), difference.mul_(2 / difference.numel())
        labels = y[:, 0].long()
        log_share = F.log_softmax(output, dim=1)
        g = log_share.exp()
        g[torch.arange(len(labels), device=g.device), labels] -= 1
        return F.nll_loss(log_share, labels), g.div_(len(labels))


def _grad(parameter: Tensor) -> Tensor:
    if parameter.grad is None:
        raise RuntimeError("the parameter has no gradient buffer; a BatchGradient makes it")
    return parameter.grad
