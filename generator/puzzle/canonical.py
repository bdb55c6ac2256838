"""Canonical bytes and their SHA-256: equal content has equal digests, everywhere."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["canonical_json", "sha256_json", "sha256_tensor", "sha256_tensors"]


def canonical_json(value: Any) -> str:
    """Write JSON with sorted keys and no spaces, so that key order cannot change a digest.

    Raises:
        ValueError: for NaN or infinity, which JSON cannot hold.
        TypeError: for a value that is not JSON.
    """
    return json.dumps(value, sort_keys=True, separators=(",", ":"), allow_nan=False, ensure_ascii=False)


def sha256_json(value: Any) -> str:
    """Digest a JSON value by its canonical text."""
    return hashlib.sha256(canonical_json(value).encode()).hexdigest()


def sha256_tensor(array: np.ndarray) -> str:
    """Digest a tensor by dtype, shape and little-endian C-order bytes, not by how a file lays it out."""
    little = np.ascontiguousarray(array).astype(array.dtype.newbyteorder("<"), copy=False)
    head = f"{little.dtype.str}{list(array.shape)}".encode()
    return hashlib.sha256(head + little.tobytes()).hexdigest()


def sha256_tensors(tensors: Mapping[str, np.ndarray]) -> dict[str, str]:
    """Digest every named tensor."""
    return {name: sha256_tensor(array) for name, array in sorted(tensors.items())}
