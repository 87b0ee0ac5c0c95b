"""The training loop of the course, written out in notebook 04, and the same loop for many seeds at once.

A loss is a pair of functions (L_D, L_G). Both take (D, x_real, x_fake), call D themselves and return one
number to be minimised, so that penalties on D's gradient, or losses on pairs of scores, fit in as well.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.func import functional_call, stack_module_state, vmap
from torch.nn import functional as F

from gan_helpers.data import Seed, _integer, make_generator

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
