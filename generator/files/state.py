"""Read the state dict in a file of torch.save or safetensors; nothing in it is ever run."""

from __future__ import annotations

import itertools
import pickle
import pickletools
import re
import warnings
import zipfile
from typing import TYPE_CHECKING, Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file

from generator.errors import LayoutError, StorageError
from generator.files.recognise import refuse_other_content
from generator.plugins import describe_failure

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

__all__ = ["WRAPPERS", "read_state", "state_in"]

WRAPPERS = ("state_dict", "model_state_dict", "model", "module", "network", "net", "layer")
"""Keys under which training scripts save a state dict, beside the epoch and the optimiser."""

_PICKLES_OF_TORCH = 5
"""Pickles at the start of a file of torch.save's older format; the tensors' bytes follow them."""
_MOST_PICKLE_BYTES = 1 << 24
"""Bytes of a pickle that are searched for names of classes. A larger value searches longer pickles. Hand-set."""
_HARMLESS = re.compile(
    r"torch\._utils\._rebuild\w*|torch\.\w*Storage|collections\.OrderedDict|torch\.nn\.parameter\.\w+"
)


def read_state(path: Path, wanted: str = "a piece", save: str = "") -> Any:
    """Read a file of torch.save or safetensors; refuse a pickle that needs anything but tensors, without running it.

    Args:
        path: the file; its content decides the format, not its name.
        wanted: what it should be, for errors.
        save: the call that saves it with tensors only, for errors; empty for a piece.

    Raises:
        StorageError: if the file is missing or cannot be read.
        LayoutError: saying what the file is instead, or which class was refused, and what to do.
    """
    kind = refuse_other_content(path, wanted, {"torch", "pickle", "safetensors"}, save)
    try:
        if kind == "safetensors":
            return load_file(path, device="cpu")
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # the reader warns about damaged bytes
            return torch.load(path, map_location="cpu", weights_only=True)
    except pickle.UnpicklingError as error:
        raise LayoutError(_refusal(path, kind, str(error), save)) from None
    except SafetensorError as error:
        raise LayoutError(f"{path} is a damaged or truncated safetensors file ({error}); fetch it again") from None
    except OSError as error:
        raise StorageError(f"cannot read {path}: {error.strerror or error}") from error
    except Exception as error:  # noqa: BLE001 - the reader raises almost anything over damaged bytes
        reason = describe_failure(error)[:80]
        raise LayoutError(f"{path} is damaged or truncated ({reason}); fetch it again") from None


def state_in(content: Any, path: Path) -> tuple[Mapping[Any, Any], str]:
    """Find the state dict in the content of a file: the content itself, or one level below in a checkpoint.

    Returns:
        The state dict, and its key in the checkpoint; the key is empty if the content itself is the state dict.

    Raises:
        LayoutError: if there is none, or several.
    """
    if not isinstance(content, dict):
        kind = "one bare tensor" if isinstance(content, torch.Tensor) else f"a {type(content).__name__}"
        raise LayoutError(f"{path} holds {kind}; expected a state dict with weight and bias")
    if "weight" in content:
        return content, ""
    found = [key for key in WRAPPERS if isinstance(content.get(key), dict)]
    if len(found) > 1:
        raise LayoutError(f"{path} holds several state dicts, under {' and '.join(found)}; save one of them alone")
    return (content[found[0]], found[0]) if found else (content, "")


def _refusal(path: Path, kind: str, message: str, save: str = "") -> str:
    """Say which class a pickle asked for and how to save the tensors without it."""
    named = re.search(r"GLOBAL ([\w.]+) was not", message)
    classes = [name for name in _classes(path, kind) if not _HARMLESS.fullmatch(name)]
    refused = named[1] if named else next(iter(classes), "")
    how = save or "torch.save({'weight': weight, 'bias': bias}, path)"
    if not refused:
        return f"{path} is a damaged pickle, or one that torch.save did not write; save it with {how}"
    if save:
        refused = "numpy.ndarray" if "numpy.ndarray" in classes else refused
    elif any(name.startswith("torch.nn.modules.") for name in [refused, *classes]):
        how = "torch.save(layer.state_dict(), path)"
    elif any(name.startswith("numpy.") for name in [refused, *classes]):
        refused = "numpy.ndarray" if "numpy.ndarray" in classes else refused
        how = "torch.save({'weight': torch.as_tensor(weight), 'bias': torch.as_tensor(bias)}, path)"
    return f"{path} is refused: it asks for {refused}, which could run code when read; save only tensors: {how}"


def _classes(path: Path, kind: str) -> list[str]:
    """List the classes and functions that a pickle names, without running it."""
    names: list[str] = []
    strings: list[str] = []
    for opcode, arg in _opcodes(path, kind):
        if opcode == "GLOBAL":
            names.append(str(arg).replace(" ", "."))
        elif opcode == "STACK_GLOBAL" and len(strings) > 1:
            names.append(".".join(strings[-2:]))
        elif isinstance(arg, str):
            strings.append(arg)
    return [name for name in dict.fromkeys(names) if re.fullmatch(r"[\w.]{1,100}", name)]


def _opcodes(path: Path, kind: str) -> Iterator[tuple[str, Any]]:
    try:
        if kind == "torch":
            with zipfile.ZipFile(path) as archive:
                (member,) = (name for name in archive.namelist() if name.split("/")[-1] == "data.pkl")
                with archive.open(member) as file:
                    yield from ((one.name, arg) for one, arg, _ in pickletools.genops(file.read(_MOST_PICKLE_BYTES)))
            return
        with path.open("rb") as file:
            for _ in itertools.repeat(None, _PICKLES_OF_TORCH):
                yield from ((one.name, arg) for one, arg, _ in pickletools.genops(file))
    except Exception:  # noqa: BLE001 - damaged bytes raise almost anything; the names so far still help
        return
