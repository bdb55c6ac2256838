"""Solve a folder given on the command line; the answer is a JSON object among log lines."""

from __future__ import annotations

import argparse
import json
import logging
import sys
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import torch
from scipy.optimize import linear_sum_assignment

log = logging.getLogger("solver")


@dataclass
class Net:
    """The loose pieces, by what their shapes say they are."""

    folder: Path
    blocks: list[tuple[int, int]] = field(default_factory=list)

    def __post_init__(self) -> None:
        files = sorted(self.folder.glob("pieces/piece_*.pth"))
        self.state = {int(path.stem.split("_")[1]): torch.load(path, weights_only=True) for path in files}
        self.table = np.loadtxt(self.folder / "historical_data.csv", delimiter=",", skiprows=1, dtype=np.float32)
        self.x = torch.from_numpy(self.table[:, :-2])
        self.y = torch.from_numpy(self.table[:, -2])
        d = self.x.shape[1]
        shapes = {number: tuple(state["weight"].shape) for number, state in self.state.items()}
        self.head = next(number for number, shape in shapes.items() if shape == (1, d))
        self.up = [number for number, shape in shapes.items() if shape[1] == d and number != self.head]
        self.down = [number for number, shape in shapes.items() if shape[0] == d and number not in self.up]

    def pair(self) -> None:
        up = torch.stack([self.state[i]["weight"].flatten() for i in self.up])
        down = torch.stack([self.state[j]["weight"].T.flatten() for j in self.down])
        rows, columns = linear_sum_assignment((up @ down.T).numpy())
        self.blocks = [(self.up[i], self.down[j]) for i, j in zip(rows, columns, strict=True)]
        self.blocks.sort(key=lambda block: float(self.state[block[1]]["weight"].square().sum()))

    @torch.no_grad()
    def loss(self) -> float:
        h = self.x
        for i, j in self.blocks:
            u, v = self.state[i], self.state[j]
            h = h + torch.nn.functional.linear(
                torch.nn.functional.linear(h, u["weight"], u["bias"]).relu(), v["weight"], v["bias"]
            )
        out = torch.nn.functional.linear(h, self.state[self.head]["weight"], self.state[self.head]["bias"])
        return float((out[:, 0] - self.y).pow(2).mean())

    def bubble(self) -> bool:
        """Exchange neighbours where that helps."""
        best, moved = self.loss(), False
        for k in range(len(self.blocks) - 1):
            self.blocks[k], self.blocks[k + 1] = self.blocks[k + 1], self.blocks[k]
            new = self.loss()
            if new < best:
                best, moved = new, True
            else:
                self.blocks[k], self.blocks[k + 1] = self.blocks[k + 1], self.blocks[k]
        return moved


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--data", type=Path, default=Path())
    style = "%(asctime)s %(levelname)s [%(name)s] %(message)s"
    logging.basicConfig(stream=sys.stdout, level=logging.INFO, format=style)
    net = Net(parser.parse_args().data)
    log.info("read %d pieces (%d blocks)", len(net.state), len(net.up))
    net.pair()
    log.info("paired, loss %.3e", net.loss())
    rounds = 0
    while net.bubble():
        rounds += 1
        log.info("round %d, loss %.3e", rounds, net.loss())
    solution = [int(number) for block in net.blocks for number in block] + [net.head]
    print(json.dumps({"loss": net.loss(), "rounds": rounds, "solution": solution}))
    log.info("done")


if __name__ == "__main__":
    main()
