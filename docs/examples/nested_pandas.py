"""Solve what lies in historical_data_and_pieces/, printing the best order so far as numpy prints it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import torch
from scipy.optimize import linear_sum_assignment

BASE = Path("historical_data_and_pieces")
table = pd.read_csv(BASE / "historical_data.csv")
X = table.filter(like="measurement").to_numpy(np.float32)
target = table["pred"].to_numpy(np.float32)
count = len(list((BASE / "pieces").iterdir()))
states = [torch.load(BASE / "pieces" / f"piece_{i}.pth", map_location="cpu") for i in range(count)]
W = [state["weight"].numpy() for state in states]
b = [state["bias"].numpy() for state in states]

last = next(i for i in range(count) if W[i].shape[0] == 1)
wide = W[last].shape[1]
ins = [i for i in range(count) if i != last and W[i].shape[1] == wide]
outs = [i for i in range(count) if i != last and W[i].shape[0] == wide]
score = np.array([[np.trace(W[o] @ W[i]) for o in outs] for i in ins])
first, second = linear_sum_assignment(score)
pairs = [(ins[i], outs[o]) for i, o in zip(first, second, strict=True)]


def step(h: np.ndarray, pair: tuple[int, int]) -> np.ndarray:
    i, o = pair
    return np.asarray(h + np.maximum(h @ W[i].T + b[i], 0) @ W[o].T + b[o])


def mse(sequence: list[tuple[int, int]]) -> float:
    h = X
    for pair in sequence:
        h = step(h, pair)
    return float(np.mean(((h @ W[last].T + b[last])[:, 0] - target) ** 2))


def show(sequence: list[tuple[int, int]], value: float) -> None:
    flat = np.array([*(number for pair in sequence for number in pair), last])
    print(f"mse {value:.6f} with")
    print(flat)


sequence = sorted(pairs, key=lambda pair: np.linalg.norm(W[pair[1]]))
value = mse(sequence)
show(sequence, value)
for _sweep in range(20):
    before = value
    for pair in pairs:
        rest = [other for other in sequence if other != pair]
        trials = [[*rest[:k], pair, *rest[k:]] for k in range(len(rest) + 1)]
        errors = [mse(trial) for trial in trials]
        k = int(np.argmin(errors))
        if errors[k] < value:
            sequence, value = trials[k], errors[k]
            show(sequence, value)
    if value == before:
        break
