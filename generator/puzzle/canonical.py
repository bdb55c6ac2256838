"""Canonical bytes and their SHA-256. Equal content has equal digests on every machine."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["canonical_json", "sha256_json", "sha256_tensor", "sha256_tensors"]


def canonical_json(value: Any) -> str:
    """Write JSON with sorted keys and no spaces, so that the order of keys does not change a digest.

    Raises:
        ValueError: for NaN or infinity, which JSON cannot hold.
        TypeError: for a value that is not JSON.
    """
    return json.dumps(value, sort_keys=True, separators=(",", ":"), allow_nan=False, ensure_ascii=False)


def sha256_json(value: Any) -> str:
    """Return the SHA-256 of the canonical text of a JSON value."""
    return hashlib.sha256(canonical_json(value).encode()).hexdigest()


def sha256_tensor(array: np.ndarray) -> str:
    """Return the SHA-256 of a tensor's dtype, shape and little-endian C-order bytes, in any file format."""
    little = np.ascontiguousarray(array).astype(array.dtype.newbyteorder("<"), copy=False)
    head = f"{little.dtype.str}{list(array.shape)}".encode()
    return hashlib.sha256(head + little.tobytes()).hexdigest()


def sha256_tensors(tensors: Mapping[str, np.ndarray]) -> dict[str, str]:
    """Return the SHA-256 of every tensor, by name."""
    return {name: sha256_tensor(array) for name, array in sorted(tensors.items())}
