"""The published solvers of the residual-network puzzle, composed as their authors published them.

Importing this package registers the solvers. A leaderboard compares other solvers with them, so each published solver
uses every step that its authors found to help. The steps that several solvers share are in the modules next to this
package.
"""

from __future__ import annotations

from solvers.reassembly.published.adjoint import Adjoint
from solvers.reassembly.published.annealing import Annealing
from solvers.reassembly.published.asymmetry import Asymmetry
from solvers.reassembly.published.cosine import Cosine
from solvers.reassembly.published.discussion import BiasChain, Jacobian
from solvers.reassembly.published.insertion import Insertion
from solvers.reassembly.published.park import Park
from solvers.reassembly.published.random_guess import RandomGuess

__all__ = ["Adjoint", "Annealing", "Asymmetry", "BiasChain", "Cosine", "Insertion", "Jacobian", "Park", "RandomGuess"]
