"""The training loop of the course, written out in notebook 04, and the same loop for many seeds at once.

A loss is a pair of functions (L_D, L_G). Both take (D, x_real, x_fake), call D themselves and return one
number to be minimised, so that penalties on D's gradient, or losses on pairs of scores, fit in as well.
"""

from __future__ import annotations

import copy
import hashlib
import itertools
import os
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn
from torch.func import functional_call, stack_module_state, vmap
from torch.nn import functional as F

from gan_helpers.data import Device, Seed, _integer, batches, make_generator
from gan_helpers.networks import dcgan_discriminator, dcgan_generator

Player = Callable[[Tensor], Tensor]
Loss = tuple[Callable[[Player, Tensor, Tensor], Tensor], Callable[[Player, Tensor, Tensor], Tensor]]


# ---------------------------------------------------------------- losses


def L_D(D: Player, x_real: Tensor, x_fake: Tensor) -> Tensor:
    """Logistic loss of the discriminator, ζ(-D(x)) + ζ(D(G(z))); 2 log 2 where D cannot tell."""
    return F.softplus(-D(x_real)).mean() + F.softplus(D(x_fake)).mean()


def L_G(D: Player, x_real: Tensor, x_fake: Tensor) -> Tensor:
    """Non-saturating loss of the generator, ζ(-D(G(z))) (Goodfellow et al. 2014, Sec. 3); log 2 there."""
    return F.softplus(-D(x_fake)).mean()


def _saturating(D: Player, x_real: Tensor, x_fake: Tensor) -> Tensor:
    return -F.softplus(D(x_fake)).mean()


def _squares_D(D: Player, x_real: Tensor, x_fake: Tensor) -> Tensor:
    return ((D(x_real) - 1).square().mean() + D(x_fake).square().mean()) / 2


def _squares_G(D: Player, x_real: Tensor, x_fake: Tensor) -> Tensor:
    return (D(x_fake) - 1).square().mean() / 2


def _hinge_D(D: Player, x_real: Tensor, x_fake: Tensor) -> Tensor:
    return F.relu(1 - D(x_real)).mean() + F.relu(1 + D(x_fake)).mean()


def _critic_D(D: Player, x_real: Tensor, x_fake: Tensor) -> Tensor:
    return D(x_fake).mean() - D(x_real).mean()


def _linear_G(D: Player, x_real: Tensor, x_fake: Tensor) -> Tensor:
    return -D(x_fake).mean()


LOSSES: dict[str, Loss] = {  # as in notebook 02
    "non-saturating": (L_D, L_G),
    "saturating": (L_D, _saturating),
    "least squares": (_squares_D, _squares_G),
    "hinge": (_hinge_D, _linear_G),
    "Wasserstein, no constraint": (_critic_D, _linear_G),
}


# ---------------------------------------------------------------- one game


def play(G: nn.Module, D: nn.Module, opt_G: torch.optim.Optimizer, opt_D: torch.optim.Optimizer,
         batches: Iterable[Tensor], z_dim: int, *, loss: Loss = (L_D, L_G), d_steps: int = 1,
         g_steps: int = 1, seed: Seed = 0) -> Iterator[tuple[float, float]]:  # fmt: skip
    """Train G and D in place; an iterator that plays one round per `next` and yields (loss_D, loss_G).

    A round is `d_steps` moves of D, each on a new batch of `batches` (n, ...), then `g_steps` moves of G.
    It ends when `batches` does; an unfinished round is not reported. Noise is (n, z_dim), standard normal,
    drawn on the CPU by `seed` (an int, or a CPU generator whose state the caller can save) and moved to
    the batch's device and dtype. Nothing is played before the first `next`: log, film, stop or save in
    your own for-loop. Modes (train/eval) are left as they are.

    Raises ValueError at once if an optimiser does not hold its own player's parameters, or holds the
    other's, and for counts below 1. Written out in notebook 04, section 2; the code is the same.
    """
    for count, name in ((z_dim, "z_dim"), (d_steps, "d_steps"), (g_steps, "g_steps")):
        _integer(count, name)
    _owns(opt_G, G.parameters(), D.parameters(), "G")
    _owns(opt_D, D.parameters(), G.parameters(), "D")
    return _rounds(G, D, opt_G, opt_D, batches, z_dim, loss=loss, d_steps=d_steps, g_steps=g_steps, seed=seed)


def _owns(optimizer: torch.optim.Optimizer, own: Iterable[Tensor], other: Iterable[Tensor],
          name: str) -> None:  # fmt: skip
    held = {id(p) for group in optimizer.param_groups for p in group["params"]}
    if not held & {id(p) for p in own}:
        raise ValueError(
            f"opt_{name} holds no parameter of {name}, so {name} would never move: "
            f"make the optimiser after {name}, from {name}'s own parameters"
        )
    if held & {id(p) for p in other}:
        raise ValueError(f"opt_{name} also holds the other player's parameters: give each player its own")


def _rounds(G, D, opt_G, opt_D, batches, z_dim, *, loss, d_steps, g_steps, seed):  # as in notebook 04
    L_D, L_G = loss
    noise = make_generator(seed)
    for step, x_real in enumerate(batches, start=1):
        # 1. The discriminator's move. G only delivers points: no gradient reaches it.
        z = torch.randn(len(x_real), z_dim, generator=noise).to(x_real)
        with torch.no_grad():
            x_fake = G(z)
        loss_D = L_D(D, x_real, x_fake)
        opt_D.zero_grad()
        loss_D.backward()
        opt_D.step()
        if step % d_steps:
            continue  # not yet the generator's turn

        # 2. The generator's move, on new noise. The gradient passes through D, but only G steps.
        for _ in range(g_steps):
            z = torch.randn(len(x_real), z_dim, generator=noise).to(x_real)
            loss_G = L_G(D, x_real, G(z))
            opt_G.zero_grad()
            loss_G.backward()
            opt_G.step()
        yield loss_D.item(), loss_G.item()


# ---------------------------------------------------------------- many games at once


class Stacked(NamedTuple):
    """Equal networks as one: `net` computes, `params` holds all parameters with a first axis (seeds, ...)."""

    net: nn.Module
    params: dict[str, Tensor]


def stack(nets: Sequence[nn.Module]) -> Stacked:
    """Stack networks of equal shape for `play_many`; make the optimiser from `stack(nets).params.values()`.

    The networks stay usable: their parameters become views of the stack, so that nets[k] always is the
    network of seed k as trained so far. Raises ValueError for networks that differ or that have buffers
    (batch norm): those cannot be stacked here.
    """
    nets = list(nets)
    shapes = [[(name, p.shape) for name, p in net.named_parameters()] for net in nets]
    if not nets or any(s != shapes[0] for s in shapes):
        raise ValueError(f"expected one or more networks with equal parameters, got {len(nets)} that differ")
    if any(True for net in nets for _ in net.buffers()):
        raise ValueError("networks with buffers (batch norm?) cannot be stacked: train them one by one")
    params, _ = stack_module_state(nets)
    for k, net in enumerate(nets):
        for name, parameter in net.named_parameters():
            parameter.data = params[name].data[k]
    return Stacked(nets[0], params)


def play_many(G: Stacked, D: Stacked, opt_G: torch.optim.Optimizer, opt_D: torch.optim.Optimizer,
              batches: Sequence[Iterable[Tensor]], z_dim: int, *, seeds: Sequence[Seed],
              loss: Loss = (L_D, L_G), d_steps: int = 1,
              g_steps: int = 1) -> Iterator[tuple[Tensor, Tensor]]:  # fmt: skip
    """`play` for len(seeds) games side by side: yields (loss_D, loss_G), each of shape (seeds,).

    `batches` has one iterable per seed. Game k draws the same noise and takes the same steps, to
    rounding, as `play(..., seed=seeds[k])` with batches[k] alone, for optimisers that treat each number
    on its own (SGD, Adam, RMSprop; not those that use a norm over all parameters). The players must be
    deterministic (no dropout). Raises ValueError at once when the counts do not agree.
    """
    for count, name in ((z_dim, "z_dim"), (d_steps, "d_steps"), (g_steps, "g_steps")):
        _integer(count, name)
    games = {len(next(iter(player.params.values()))) for player in (G, D)} | {len(seeds), len(batches)}
    if len(games) != 1:
        raise ValueError(f"G, D, batches and seeds must count the same games, got {sorted(games)}")
    _owns(opt_G, G.params.values(), D.params.values(), "G")
    _owns(opt_D, D.params.values(), G.params.values(), "D")
    return _many_rounds(G, D, opt_G, opt_D, batches, z_dim, seeds, loss, d_steps, g_steps)


def _many_rounds(G, D, opt_G, opt_D, batches, z_dim, seeds, loss, d_steps, g_steps):
    noises = [make_generator(seed) for seed in seeds]
    generate = vmap(lambda params, z: functional_call(G.net, params, (z,)))
    cost_D, cost_G = (
        vmap(lambda p, x_real, x_fake, L=L: L(lambda x: functional_call(D.net, p, (x,)), x_real, x_fake))
        for L in loss
    )
    for step, parts in enumerate(zip(*batches, strict=False), start=1):
        x_real = torch.stack(parts)
        z = torch.stack([torch.randn(x_real.shape[1], z_dim, generator=noise) for noise in noises])
        with torch.no_grad():
            x_fake = generate(G.params, z.to(x_real))
        loss_D = cost_D(D.params, x_real, x_fake)
        opt_D.zero_grad()
        loss_D.sum().backward()  # a sum over games: each game's gradient is its own
        opt_D.step()
        if step % d_steps:
            continue

        for _ in range(g_steps):
            z = torch.stack([torch.randn(x_real.shape[1], z_dim, generator=noise) for noise in noises])
            loss_G = cost_G(D.params, x_real, generate(G.params, z.to(x_real)))
            opt_G.zero_grad()
            loss_G.sum().backward()
            opt_G.step()
        yield loss_D.detach(), loss_G.detach()


def own_rates(optimizer: torch.optim.Optimizer, factors: Tensor) -> torch.optim.Optimizer:
    """Let game k of a stack take steps of factors[k] times the optimiser's rate; returns the optimiser.

    For optimisers whose step is proportional to their rate (SGD, Adam, RMSprop): game k then moves, to
    rounding, as with the rate factors[k] * lr of its own, so that a whole map of rates is one stack.
    Raises ValueError unless there is one positive factor per game.
    """
    params = [p for group in optimizer.param_groups for p in group["params"]]
    if factors.ndim != 1 or any(len(p) != len(factors) for p in params) or not (factors > 0).all():
        raise ValueError(f"expected one positive factor per stacked game, got shape {tuple(factors.shape)}")
    before: list[Tensor] = []

    def keep(*_: object) -> None:
        before[:] = [p.detach().clone() for p in params]

    def scale(*_: object) -> None:
        with torch.no_grad():
            for p, old in zip(params, before, strict=True):
                p.copy_(torch.lerp(old, p, factors.to(p).view(-1, *[1] * (p.ndim - 1))))

    optimizer.register_step_pre_hook(keep)
    optimizer.register_step_post_hook(scale)
    return optimizer


# ---------------------------------------------------------------- average of the weights


def averaged(net: nn.Module) -> nn.Module:
    """A copy of `net` to be moved by `ema_update` only: no gradient, and in eval mode."""
    return copy.deepcopy(net).requires_grad_(False).eval()


def ema_update(average: nn.Module, net: nn.Module, decay: float) -> None:
    """Move `average` towards `net`, in place: each number becomes decay * itself + (1 - decay) * net's.

    An exponential moving average of all parameters and of all float buffers (batch norm's running mean
    and variance); integer buffers are copied. A change of `net` has reached the average by half after
    log ½ / log decay calls: 69 for .99. Raises ValueError for a decay outside [0, 1) and for networks
    that differ in names or shapes. Shown in notebook 06.
    """
    if not 0 <= decay < 1:
        raise ValueError(f"decay is {decay}: expected a number from 0 up to, but not including, 1")
    old, new = ({**dict(n.named_parameters()), **dict(n.named_buffers())} for n in (average, net))
    if {k: v.shape for k, v in old.items()} != {k: v.shape for k, v in new.items()}:
        raise ValueError("average and net differ in names or shapes: make the average by averaged(net)")
    with torch.no_grad():
        for name, value in old.items():
            if value.is_floating_point():
                value.lerp_(new[name], 1 - decay)
            else:
                value.copy_(new[name])


# ---------------------------------------------------------------- the main game of notebook 06


class Game(NamedTuple):
    """Everything that changes in a game: `game._asdict()` is what a checkpoint needs."""

    G: nn.Module
    D: nn.Module
    opt_G: torch.optim.Optimizer
    opt_D: torch.optim.Optimizer
    average: nn.Module  # of G's weights: the generator to sample from
    noise: torch.Generator


def dcgan_game(*, seed: int, device: Device = "cpu", G: nn.Module | None = None, D: nn.Module | None = None,
               lr: float = 4e-3, betas: tuple[float, float] = (0.0, 0.99)) -> Game:  # fmt: skip
    """The main game of notebook 06 before its first round: players, Adam for each, the average, the noise.

    `G` and `D` replace the players; G takes noise (n, 32) unless `dcgan_rounds` is told otherwise.
    """
    G = (dcgan_generator(seed=2 * seed) if G is None else G).to(device)
    D = (dcgan_discriminator(seed=2 * seed + 1) if D is None else D).to(device)
    opt_G, opt_D = (torch.optim.Adam(player.parameters(), lr=lr, betas=betas) for player in (G, D))
    return Game(G, D, opt_G, opt_D, averaged(G), make_generator(1000 + seed))


def dcgan_rounds(game: Game, images: Tensor, *, seed: int, rounds: int | None = None, start: int = 0,
                 batch: int = 64, z_dim: int = 32, decay: float = 0.998,
                 loss: Loss = (L_D, L_G)) -> Iterator[tuple[float, float]]:  # fmt: skip
    """Play rounds `start` to `rounds` (or for ever) on images (n, 1, 28, 28) in [-1, 1]; yields the losses.

    `play` of notebook 04, and `game.average` moves after each round. A game loaded by `load_checkpoint`
    goes on with that function's answer as `start`: as many batches of `seed` are skipped.
    """
    fed = itertools.islice(batches(images, batch, seed=seed), start, rounds)
    game_on = play(game.G, game.D, game.opt_G, game.opt_D, fed, z_dim, seed=game.noise, loss=loss)
    for k, losses in enumerate(game_on, start=start):
        ema_update(game.average, game.G, min(decay, (1 + k) / (10 + k)))  # young averages forget faster
        yield losses


# ---------------------------------------------------------------- checkpoints


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
    step, settings = _integer(step, "step", 0), dict(settings)
    content = {"format": FORMAT, "step": step, "settings": settings, "parts": state}
    content["sha256"] = _digest(content)
    path = Path(path)
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=path.name)
    try:
        with os.fdopen(handle, "wb") as file:
            torch.save(content, file)
            file.flush()
            os.fsync(file.fileno())  # on the disk before the name changes, also if the machine stops here
        os.replace(temporary, path)
    except BaseException:
        os.unlink(temporary)
        raise


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
