"""Save a game to a file and go on with it exactly where it stopped. Shown in notebook 06."""

from __future__ import annotations

import copy
import hashlib
import io
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from gan_helpers._files import whole
from gan_helpers.seeds import integer, make_generator
from gan_helpers.training import copied

FORMAT = "gan_helpers checkpoint 1"


def save_checkpoint(path: str | os.PathLike, parts: Mapping[str, Any], *, step: int,
                    settings: Mapping[str, Any]) -> None:  # fmt: skip
    """Write the whole state of a game into one file: all of it, or, if that fails, nothing.

    `parts` names everything that changes while training: players, optimisers, the average, schedulers
    (whatever has state_dict and load_state_dict) and CPU generators. `step` counts rounds played,
    `settings` are the numbers and strings that the game was set up with, also in lists, tuples and dicts;
    NumPy's numbers are saved as Python's. An older file of that name is replaced only when the new one is
    complete. Raises TypeError for other kinds of parts and settings, and for whatever else `load_checkpoint`
    could not read again; OSError if the folder cannot be written or the disk is full.
    """
    state = {name: _state(part, name) for name, part in parts.items()}
    kinds = {name: type(part).__name__ for name, part in parts.items()}
    step, settings = integer(step, "step", 0), _settings(settings)
    content = {"format": FORMAT, "step": step, "settings": settings, "kinds": kinds, "parts": state}
    _readable(content, "content")
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
    settings, other players or other optimisers, and for a missing part.
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
    _same(content["settings"], _settings(settings), path)
    state = content["parts"]
    if state.keys() != parts.keys():
        only = {"only in the file": state.keys() - parts.keys(), "only here": parts.keys() - state.keys()}
        found = "; ".join(f"{where}: {', '.join(sorted(names))}" for where, names in only.items() if names)
        raise ValueError(f"{path} holds other parts than this game ({found}): name the same parts")
    for name, part in parts.items():  # of a network, names and shapes decide
        there, here = content.get("kinds", {}).get(name), type(part).__name__
        if there not in (None, here) and not isinstance(part, nn.Module):
            raise ValueError(
                f"{path}: part {name} is {there} in the file, {here} here: build it as it was when saved"
            )
    for goal in ({name: _copy(part) for name, part in parts.items()}, parts):  # first a rehearsal
        for name, part in goal.items():
            try:
                _load_state(part, state[name])
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
    return _plain(part.state_dict())


def _plain(value: Any) -> Any:
    """`value` with NumPy's numbers as Python's, in dicts, lists and tuples too (not in their subclasses)."""
    if isinstance(value, np.generic):
        return value.item()
    if type(value) is dict:
        return {key: _plain(item) for key, item in value.items()}
    return type(value)(map(_plain, value)) if type(value) in (list, tuple) else value


def _settings(settings: Mapping[str, Any]) -> dict[str, Any]:
    def check(value: Any, name: str) -> None:
        if type(value) in (dict, list, tuple):
            for item in value.values() if isinstance(value, dict) else value:
                check(item, name)
        elif value is not None and type(value) not in (str, bool, int, float, complex):
            raise TypeError(
                f"setting {name} holds a {type(value).__name__}: use numbers and strings, also in lists, "
                "tuples and dicts; write str(path), a function's name, a tensor's .tolist()"
            )

    plain = _plain(dict(settings))
    for name, value in plain.items():
        check(value, name)
    return plain


def _readable(value: Any, name: str) -> None:
    """Raise TypeError, naming the innermost cause, unless a file of `value` can be read with weights_only."""
    buffer = io.BytesIO()
    try:
        torch.save(value, buffer)
        buffer.seek(0)
        torch.load(buffer, weights_only=True)
    except Exception as error:  # whatever pickle makes of it
        inside = dict(enumerate(value)) if isinstance(value, list | tuple) else value
        for key, item in inside.items() if isinstance(inside, Mapping) else ():
            _readable(item, f"{name}.{key}")
        raise TypeError(
            f"{name.removeprefix('content.')} is a {type(value).__name__}, which could be saved but not read "
            "again without running code: use numbers, strings and tensors instead"
        ) from error


def _copy(part: Any) -> Any:
    if isinstance(part, torch.Generator):
        return part.clone_state()
    return copied(part) if isinstance(part, nn.Module) else copy.deepcopy(part)


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
