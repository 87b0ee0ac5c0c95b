"""The training loop of the course, written out in notebook 04, and the same loop for many seeds at once."""

from __future__ import annotations

import copy
import inspect
import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.func import functional_call, stack_module_state, vmap

from gan_helpers.losses import L_D, L_G, Loss
from gan_helpers.seeds import Seed, integer, make_generator

Batch = Tensor | Sequence[Tensor]  # x_real, or (x_real, *given)

# ---------------------------------------------------------------- one game


def play(G: nn.Module, D: nn.Module, opt_G: torch.optim.Optimizer, opt_D: torch.optim.Optimizer,
         batches: Iterable[Batch], z_dim: int, *, loss: Loss = (L_D, L_G), d_steps: int = 1,
         g_steps: int = 1, seed: Seed = 0) -> Iterator[tuple[float, float]]:  # fmt: skip
    """Train G and D in place; an iterator that plays one round per `next` and yields (loss_D, loss_G).

    A round is `d_steps` moves of D, each on a new batch of `batches` (n, ...), then `g_steps` moves of G.
    It ends when `batches` does; an unfinished round is not reported. Noise is (n, z_dim), standard normal,
    drawn on the CPU by `seed` (an int, or a CPU generator whose state the caller can save) and moved to
    the batch's device and dtype. Nothing is played before the first `next`: log, film, stop or save in
    your own for-loop. Modes (train/eval) are left as they are.

    A batch may be a tuple (x_real, *given): what follows the data, such as labels, goes to both players as
    G(z, *given) and D(x, *given). Losses keep their form: their D is `lambda x: D(x, *given)`.

    Raises ValueError at once if an optimiser does not hold all of its own player's trainable parameters, or
    holds the other's, and for counts below 1; later ValueError for a batch that is a single sample, TypeError
    for batches that are no tensors, and for a player that cannot take what is given. Written out in
    notebook 04, section 2; the code is the same.
    """
    for count, name in ((z_dim, "z_dim"), (d_steps, "d_steps"), (g_steps, "g_steps")):
        integer(count, name)
    _not_one_tensor(batches)
    _owns(opt_G, G.parameters(), D.parameters(), "G")
    _owns(opt_D, D.parameters(), G.parameters(), "D")
    given: tuple[Tensor, ...] = ()  # what the latest batch brought beside the data

    def fed() -> Iterator[Tensor]:
        nonlocal given
        for batch in batches:
            x_real, given = _unpack(batch)
            _takes(G, "G", given)
            _takes(D, "D", given)
            yield x_real

    def G_given(z: Tensor) -> Tensor:
        return G(z, *given)

    def D_given(x: Tensor) -> Tensor:
        return D(x, *given)

    options = {"loss": loss, "d_steps": d_steps, "g_steps": g_steps, "seed": seed}
    return _rounds(G_given, D_given, opt_G, opt_D, fed(), z_dim, **options)


def _not_one_tensor(batches: Iterable[Batch]) -> None:
    if isinstance(batches, Tensor):
        raise TypeError(
            f"batches is one tensor of shape {tuple(batches.shape)}, whose rows would be played one by one: "
            "pass data.batches(x, 64, seed=0, steps=1000), or a list of batches"
        )


def _unpack(batch: Batch) -> tuple[Tensor, tuple[Tensor, ...]]:
    """(x_real, given) of a batch: a tensor, or a tuple or list of tensors, as a TensorDataset gives."""
    parts = (batch,) if isinstance(batch, Tensor) else tuple(batch) if isinstance(batch, tuple | list) else ()
    if not parts or not all(isinstance(part, Tensor) for part in parts):
        raise TypeError(
            f"a batch is a {type(batch).__name__}: expected a tensor (n, ...), or a tuple (x, *given)"
        )
    if parts[0].ndim < 2:
        raise ValueError(
            f"a batch has shape {tuple(parts[0].shape)}: expected samples (n, ...), such as (n, 2); (1, 2) "
            "for a single one, (n, 1) for numbers"
        )
    return parts[0], parts[1:]


def _takes(player: Callable, name: str, given: tuple[Tensor, ...]) -> None:
    """Raise TypeError, with the remedy, if the player cannot be called as player(x, *given)."""
    if not given:
        return
    try:
        inspect.signature(getattr(player, "forward", player)).bind(None, *given)
    except TypeError:
        shapes = ", ".join(str(tuple(part.shape)) for part in given)
        raise TypeError(
            f"the batches bring {len(given)} tensor(s) beside the data ({shapes}), which {name} "
            f"({type(player).__name__}) does not take: write its forward(x, *given), or leave them out"
        ) from None


def _owns(optimizer: torch.optim.Optimizer, own: Iterable[Tensor], other: Iterable[Tensor],
          name: str) -> None:  # fmt: skip
    held, own = {id(p) for group in optimizer.param_groups for p in group["params"]}, list(own)
    if not held & {id(p) for p in own}:
        raise ValueError(
            f"opt_{name} holds no parameter of {name}, so {name} would never move: "
            f"make the optimiser after {name}, from {name}'s own parameters"
        )
    learns = {id(p) for p in own if p.requires_grad}
    if learns - held:
        raise ValueError(
            f"opt_{name} holds {len(learns & held)} of {len(learns)} trainable parameters of {name}, so the "
            f"others would never move: make the optimiser after {name}'s last layer was set, or freeze what "
            "shall not move by requires_grad_(False)"
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
    """Equal networks as one: `net` computes, `params` holds all parameters with a first axis (seeds, ...).

    Called with x (seeds, n, ...), network k gets x[k]; the outputs come back with the same first axis. A sum
    over networks keeps gradients apart: that of params[...][k] is network k's own.
    """

    net: nn.Module
    params: dict[str, Tensor]

    def __call__(self, x: Tensor) -> Tensor:
        count = len(next(iter(self.params.values())))
        if x.ndim < 3 or len(x) != count:
            raise ValueError(f"expected ({count}, n, ...), one batch per network, got {tuple(x.shape)}")
        return vmap(lambda params, batch: functional_call(self.net, params, (batch,)))(self.params, x)


def stack(nets: Sequence[nn.Module]) -> Stacked:
    """Stack networks of equal shape for `play_many`; make the optimiser from `stack(nets).params.values()`.

    The networks stay usable: their parameters become views of the stack, so that nets[k] always is the
    network of seed k as trained so far. Raises ValueError for networks that have buffers (batch norm), that
    share parameters, or that differ in more than the values of their parameters: the stack computes as the
    first network does, so a layer's settings (a LeakyReLU's slope) must be the same in all.
    """
    nets = list(nets)
    shapes = [[(name, p.shape) for name, p in net.named_parameters()] for net in nets]
    if not nets or any(s != shapes[0] for s in shapes):
        raise ValueError(f"expected one or more networks with equal parameters, got {len(nets)} that differ")
    if any(True for net in nets for _ in net.buffers()):
        raise ValueError("networks with buffers (batch norm?) cannot be stacked: train them one by one")
    if len({id(p) for net in nets for p in net.parameters()}) < sum(map(len, shapes)):
        raise ValueError("one network, or a part of it, stands twice in the stack: build one for each game")
    first, *others = (_design(net) for net in nets)
    for other in others:
        if differ := [key for key in first | other if first.get(key) != other.get(key)]:
            raise ValueError(
                f"{differ[0]} is {first.get(differ[0])} in one network, {other.get(differ[0])} in another: "
                "a stack computes as its first network does, so networks that differ play one by one"
            )
    params, _ = stack_module_state(nets)
    for k, net in enumerate(nets):
        for name, parameter in net.named_parameters():
            parameter.data = params[name].data[k]
    return Stacked(nets[0], params)


def _design(net: nn.Module) -> dict[str, str]:
    """What a network is beside its parameters: the class of each layer and its settings, in words."""
    found = {}
    for name, layer in net.named_modules():
        place = f"layer {name}" if name else "the network"
        found[f"the class of {place}"] = type(layer).__name__
        for key, value in vars(layer).items():
            if isinstance(value, str | bool | int | float | complex | tuple | None):
                found[f"{key} of {place}"] = repr(value)
            elif isinstance(value, Tensor) and value.is_leaf:  # not one that a hook has computed
                found[f"{key} of {place}"] = str(value.tolist())
            elif callable(value):
                found[f"{key} of {place}"] = getattr(value, "__qualname__", type(value).__name__)
    return found


def gradient_sizes(player: Stacked, total: Tensor) -> Tensor:
    """(seeds,): the length of each network's own gradient of `total`, a sum of one number per game.

    The Euclidean norm over all parameters of that network. `total` can be differentiated again. Shown in
    notebook 02.
    """
    gradients = torch.autograd.grad(total, list(player.params.values()), retain_graph=True)
    return torch.stack([g.flatten(1).square().sum(1) for g in gradients]).sum(0).sqrt()


def play_many(G: Stacked, D: Stacked, opt_G: torch.optim.Optimizer, opt_D: torch.optim.Optimizer,
              batches: Sequence[Iterable[Batch]], z_dim: int, *, seeds: Sequence[Seed],
              loss: Loss = (L_D, L_G), d_steps: int = 1,
              g_steps: int = 1) -> Iterator[tuple[Tensor, Tensor]]:  # fmt: skip
    """`play` for len(seeds) games side by side: yields (loss_D, loss_G), each of shape (seeds,).

    `batches` has one iterable per seed; tuples (x_real, *given) as in `play`. Game k draws the same noise
    and takes the same steps, to rounding, as `play(..., seed=seeds[k])` with batches[k] alone, for
    optimisers that treat each number on its own (SGD, Adam, RMSprop; not those that use a norm over all
    parameters). The players must be deterministic (no dropout).

    Raises ValueError at once when the counts do not agree and for one iterator or generator that two games
    would share, and as `play` does.
    """
    for count, name in ((z_dim, "z_dim"), (d_steps, "d_steps"), (g_steps, "g_steps")):
        integer(count, name)
    games = {len(next(iter(player.params.values()))) for player in (G, D)} | {len(seeds), len(batches)}
    if len(games) != 1:
        raise ValueError(f"G, D, batches and seeds must count the same games, got {sorted(games)}")
    for source in batches:
        _not_one_tensor(source)
    used_up = [id(source) for source in (*batches, *seeds) if isinstance(source, Iterator | torch.Generator)]
    if len(set(used_up)) < len(used_up):
        raise ValueError(
            "one iterator of batches, or one generator, is given to several games, which would take turns: "
            "make one for each, [data.batches(x, 64, seed=k) for k in seeds]"
        )
    _owns(opt_G, G.params.values(), D.params.values(), "G")
    _owns(opt_D, D.params.values(), G.params.values(), "D")
    return _many_rounds(G, D, opt_G, opt_D, batches, z_dim, seeds, loss, d_steps, g_steps)


def _many_rounds(G, D, opt_G, opt_D, batches, z_dim, seeds, loss, d_steps, g_steps):
    noises = [make_generator(seed) for seed in seeds]

    def player(stacked, params, name, given):  # one game's network, as a function of x alone
        _takes(stacked.net, name, given)
        return lambda x: functional_call(stacked.net, params, (x, *given))

    generate = vmap(lambda params, z, given: player(G, params, "G", given)(z))
    cost_D, cost_G = (
        vmap(lambda p, x_real, x_fake, given, L=L: L(player(D, p, "D", given), x_real, x_fake)) for L in loss
    )
    for step, parts in enumerate(zip(*batches, strict=False), start=1):
        reals, givens = zip(*(_unpack(part) for part in parts), strict=True)
        x_real, given = torch.stack(reals), tuple(torch.stack(each) for each in zip(*givens, strict=True))
        z = torch.stack([torch.randn(x_real.shape[1], z_dim, generator=noise) for noise in noises])
        with torch.no_grad():
            x_fake = generate(G.params, z.to(x_real), given)
        loss_D = cost_D(D.params, x_real, x_fake, given)
        opt_D.zero_grad()
        loss_D.sum().backward()  # a sum over games: each game's gradient is its own
        opt_D.step()
        if step % d_steps:
            continue

        for _ in range(g_steps):
            z = torch.stack([torch.randn(x_real.shape[1], z_dim, generator=noise) for noise in noises])
            loss_G = cost_G(D.params, x_real, generate(G.params, z.to(x_real), given), given)
            opt_G.zero_grad()
            loss_G.sum().backward()
            opt_G.step()
        yield loss_D.detach(), loss_G.detach()


def own_rates(optimizer: torch.optim.Optimizer, factors: Tensor) -> torch.optim.Optimizer:
    """Let game k of a stack take steps of factors[k] times the learning rate; returns the optimiser.

    For optimisers whose step is proportional to their rate (SGD, Adam, RMSprop): game k then moves, to
    rounding, as with the rate factors[k] * lr of its own, so that a whole map of rates is one stack. A second
    call replaces the factors of the first. Raises ValueError unless there is one positive factor per game.
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

    for hook in getattr(optimizer, "own_rates_hooks", ()):  # of an earlier call
        hook.remove()
    hooks = optimizer.register_step_pre_hook(keep), optimizer.register_step_post_hook(scale)
    optimizer.own_rates_hooks = hooks
    return optimizer


# ---------------------------------------------------------------- average of the weights


def copied(net: nn.Module) -> nn.Module:
    """A deep copy of `net`, also of one whose weights are computed by a hook.

    After a pass in train mode such a weight (torch.nn.utils.spectral_norm and weight_norm) is part of a
    graph, which `copy.deepcopy` refuses. The copy gets its value; its own hook computes it anew.
    """
    held = [value for layer in net.modules() for value in vars(layer).values() if isinstance(value, Tensor)]
    return copy.deepcopy(net, {id(t): t.detach().clone() for t in held if not t.is_leaf})


def averaged(net: nn.Module) -> nn.Module:
    """A copy of `net` to be moved by `ema_update` only: no gradient, in eval mode, in float32 or better.

    What `net` keeps in float16 or bfloat16 is float32 in the copy: 1 + 0.002 · 0.01 is 1 in either, so an
    average of such numbers would never move. Give the copy float32 noise; for samples in half precision
    call it under `torch.autocast`.
    """
    average = copied(net).requires_grad_(False).eval()
    for value in (*average.parameters(), *average.buffers()):
        if _coarse(value):
            value.data = value.data.float()
    return average


def _coarse(value: Tensor) -> bool:
    return value.is_floating_point() and torch.finfo(value.dtype).bits < 32


def ema_update(average: nn.Module, net: nn.Module, decay: float) -> None:
    """Move `average` towards `net`, in place: each number becomes decay * itself + (1 - decay) * net's.

    An exponential moving average (EMA) of all parameters and of all float buffers (batch norm's running
    mean and variance), in the average's own precision; integer buffers are copied. A change of `net` has
    reached the average by half after log ½ / log decay calls: 69 for .99. Raises ValueError for a decay
    outside [0, 1), for networks that differ in names or shapes, and for an average in half precision, which
    rounds its small steps away. Shown in notebook 06.
    """
    if not 0 <= decay < 1:
        raise ValueError(f"decay is {decay}: expected a number from 0 up to, but not including, 1")
    old, new = ({**dict(n.named_parameters()), **dict(n.named_buffers())} for n in (average, net))
    if {k: v.shape for k, v in old.items()} != {k: v.shape for k, v in new.items()}:
        raise ValueError("average and net differ in names or shapes: make the average by averaged(net)")
    if coarse := next((name for name, value in old.items() if _coarse(value)), None):
        raise ValueError(
            f"{coarse} of the average is {old[coarse].dtype}, too coarse for its small steps: make the "
            "average by averaged(net), which keeps float32"
        )
    with torch.no_grad():
        for name, value in old.items():
            if value.is_floating_point():
                value.lerp_(new[name].to(value), 1 - decay)
            else:
                value.copy_(new[name])


# ---------------------------------------------------------------- schedule


def half_cosine(first: float, last: float, part: float) -> float:
    """From `first` (part = 0) to `last` (part = 1) along half a cosine; beyond 0 and 1 it stays.

    The cosine schedule ("annealing") of learning rates: `part` is the part of training that is over.
    """
    part = min(max(part, 0.0), 1.0)
    return last + (first - last) * (1 + math.cos(math.pi * part)) / 2
