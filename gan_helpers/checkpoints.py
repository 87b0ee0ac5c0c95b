"""Save a game to a file and go on with it exactly where it stopped. Shown in notebook 06."""

from __future__ import annotations

import copy
import hashlib
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from gan_helpers._files import whole
from gan_helpers.seeds import integer, make_generator

FORMAT = "gan_helpers checkpoint 1"


def save_checkpoint(path: str | os.PathLike, parts: Mapping[str, Any], *, step: int,
                    settings: Mapping[str, Any]) -> None:  # fmt: skip
    """Write the whole state of a game into one file: all of it, or, if that fails, nothing.

    `parts` names everything that changes while training: players, optimisers, the average, schedulers
    (whatever has state_dict and load_state_dict) and CPU generators. `step` counts rounds played,
    `settings` are the numbers and strings that the game was set up with. An older file of that name is
    replaced only when the new one is complete. Raises TypeError for other kinds of parts, OSError if the
    folder cannot be written.
    """
    state = {name: _state(part, name) for name, part in parts.items()}
    step, settings = integer(step, "step", 0), dict(settings)
    content = {"format": FORMAT, "step": step, "settings": settings, "parts": state}
    content["sha256"] = _digest(content)
    with whole(path) as file:
        torch.save(content, file)


def load_checkpoint(path: str | os.PathLike, parts: Mapping[str, Any], *,
                    settings: Mapping[str, Any]) -> int:  # fmt: skip
    """Put a saved state into `parts`, in place, and return its step. Refused: nothing is changed.

    Parts and settings must be those of `save_checkpoint`. The file is read with weights_only=True, so it
    cannot run code, and checked against the hash it carries. Each part's state is first loaded into a copy
    of that part; only when all fit, the parts themselves are touched. Noise goes on where it stopped if its
    generator is among the parts; for batches, skip the first `step` of the same seed.

    Raises FileNotFoundError, and ValueError (cause and remedy) for a damaged file, for one from other
    settings or other players, and for a missing part.
    """
    path = Path(path)
    remedy = f"use an older checkpoint, or delete {path.name} and start again"
    try:
        content = torch.load(path, map_location="cpu", weights_only=True)
    except FileNotFoundError:
        raise FileNotFoundError(f"there is no checkpoint {path}: save one first, or start anew") from None
    except Exception as error:  # whatever the bytes make of the unpickler
        raise ValueError(f"{path} cannot be read (damaged, or no checkpoint): {remedy}") from error
    if not isinstance(content, dict) or content.get("format") != FORMAT:
        raise ValueError(f"{path} is not a checkpoint of save_checkpoint: {remedy}")
    if content.pop("sha256", None) != _digest(content):
        raise ValueError(f"{path} is damaged, its content does not match its hash: {remedy}")
    _same(content["settings"], settings, path)
    state = content["parts"]
    if state.keys() != parts.keys():
        only = {"only in the file": state.keys() - parts.keys(), "only here": parts.keys() - state.keys()}
        found = "; ".join(f"{where}: {', '.join(sorted(names))}" for where, names in only.items() if names)
        raise ValueError(f"{path} holds other parts than this game ({found}): name the same parts")
    for rehearsal in (True, False):
        for name, part in parts.items():
            try:
                _load_state(_copy(part) if rehearsal else part, state[name])
            except Exception as error:
                reason = str(error).strip().split("\n")[-1].strip()
                raise ValueError(
                    f"{path}: part {name} does not fit ({reason}): build it as it was when saved"
                ) from error
    return content["step"]


def _state(part: Any, name: str) -> Any:
    if isinstance(part, torch.Generator):
        return make_generator(part).get_state()  # refuses a generator on a GPU
    if not hasattr(part, "state_dict") or not hasattr(part, "load_state_dict"):
        raise TypeError(f"part {name} is a {type(part).__name__}: expected a module, optimiser or generator")
    return part.state_dict()


def _copy(part: Any) -> Any:
    return part.clone_state() if isinstance(part, torch.Generator) else copy.deepcopy(part)


def _load_state(part: Any, state: Any) -> None:
    if isinstance(part, torch.Generator):
        part.set_state(state)
        return
    if isinstance(part, torch.optim.Optimizer):  # torch compares the numbers of parameters, not their shapes
        params = [p for group in part.param_groups for p in group["params"]]
        for k, values in state["state"].items():
            for name, value in values.items():
                if value.ndim and value.shape != params[k].shape:
                    raise ValueError(f"{name} of parameter {k} is {tuple(value.shape)} in the file, "
                                     f"{tuple(params[k].shape)} here")  # fmt: skip
    part.load_state_dict(state)


def _same(saved: Mapping[str, Any], settings: Mapping[str, Any], path: Path) -> None:
    missing = object()
    for name in sorted(saved.keys() | settings.keys()):
        there, here = saved.get(name, missing), settings.get(name, missing)
        if there is missing or here is missing:
            raise ValueError(f"{path} comes from other settings: {name} is given only "
                             f"{'here' if there is missing else 'in the file'}: use the same settings, or "
                             "another file name")  # fmt: skip
        if there != here:
            raise ValueError(f"{path} comes from other settings: {name} is {there!r} in the file, {here!r} "
                             "here: use the same settings, or another file name")  # fmt: skip


def _digest(content: Any) -> str:
    """SHA-256 of nested dicts, lists, tuples, tensors, numbers and strings, in the order they are kept."""
    hasher = hashlib.sha256()

    def add(value: Any) -> None:
        if isinstance(value, Tensor):
            value = value.detach().cpu().contiguous()
            hasher.update(f"{value.dtype}{tuple(value.shape)}".encode())
            hasher.update(value.view(-1).view(torch.uint8).numpy().tobytes() if value.numel() else b"")
        elif isinstance(value, Mapping):
            for key, item in value.items():
                hasher.update(f"{key!r}:".encode())
                add(item)
        elif isinstance(value, (list, tuple)):
            hasher.update(f"{type(value).__name__}{len(value)}".encode())
            for item in value:
                add(item)
        else:
            hasher.update(repr(value).encode())

    add(content)
    return hasher.hexdigest()
