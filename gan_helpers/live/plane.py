"""The laboratory: a game in the plane that is played by the learner's own loop and changed while it runs."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import NamedTuple

import matplotlib.pyplot as plt
import numpy as np
import torch
from IPython.display import display
from matplotlib.collections import LineCollection
from torch import Tensor

from gan_helpers import data, plots, training
from gan_helpers.live.bridge import Frame, as_bytes, as_int16, at_rest, call, connect, picture
from gan_helpers.losses import LOSSES, Loss
from gan_helpers.metrics import mode_coverage
from gan_helpers.networks import mlp
from gan_helpers.seeds import integer, make_generator

VERBS = ("show", "next", "slow", "data", "rate", "loss", "steps", "reset")
FIELD, SHOWN, ARROWS, LINES, ALONG = 48, 400, 40, 9, 41  # grid; points; of these with arrows; the net's lines
PATCHES = 12  # a side of the plane is cut into as many patches, where no clusters are known
KEPT = 600  # frames of the curves
COLUMNS = ("round", "loss_D", "loss_G", "covered", "P_real", "P_fake")
RATES = (1e-5, 1.0)


class Clusters(NamedTuple):
    """Where samples should be: centres (K, 2) and the standard deviation around each."""

    centres: Tensor
    std: float
    name: str


class Layers(NamedTuple):
    """What one picture of the plane shows; None is not drawn."""

    field: Tensor | None = None  # (n, n): P on plots.plane(limit, n)
    real: Tensor | None = None  # (n, 2)
    fake: Tensor | None = None  # (n, 2)
    net: Tensor | None = None  # (lines, points, 2)
    arrows: Tensor | None = None  # (n, 4): from, to


class Laboratory:
    """A game under way. Each verb of the widget is a method: next, slow, data, rate, loss, steps, reset.

    `G`, `D`, `opt_G`, `opt_D` are the players as they are now; `round` counts; `rows` holds one tuple of
    `COLUMNS` for each frame.
    """

    def __init__(self, play: Callable, players: Callable, sets: Mapping[str, Tensor],
                 clusters: Mapping[str, Clusters], losses: Mapping[str, Loss], *, z_dim: int, batch: int,
                 limit: float, seed: int) -> None:  # fmt: skip
        self.play, self.players, self.sets, self.clusters = play, players, dict(sets), dict(clusters)
        self.losses, self.z_dim, self.batch, self.limit = dict(losses), z_dim, batch, limit
        self.x_name, self.loss_name = next(iter(self.sets)), next(iter(self.losses))
        self.moves, self._chosen = {"D": 1, "G": 1}, {}
        self.z_show = torch.randn(1000, z_dim, generator=make_generator(5))  # the same noise in each picture
        self.reset(seed)

    def __repr__(self) -> str:
        return (
            f"Laboratory(round={self.round}, data={self.x_name!r}, loss={self.loss_name!r}, seed={self.seed})"
        )

    # ------------------------------------------------------------ verbs

    def reset(self, seed: int | None = None) -> None:
        """New players, batches and noise of a seed (or of the same); data, loss, rates and moves stay."""
        seed = self.seed if seed is None else integer(seed, "seed", 0)
        self.G, self.D, self.opt_G, self.opt_D = _four(self.players(seed))
        self.seed, self.noise, self.round = seed, make_generator(1000 + seed), 0
        for player, value in self._chosen.items():
            self.rate(player, value)
        self.rows, self._sent, self._stages, self._stage = [], 0, [], None
        self._batches()

    def show(self) -> None:
        """Everything once more: what a view that has just been opened needs."""
        self._sent = 0

    def next(self, rounds: int = 1) -> None:
        """Play `rounds` rounds; the game stops where a loss is no number."""
        played, self._stages, self._stage = [], [], None
        for _ in range(integer(rounds, "rounds")):
            if self.diverged:
                break
            played.append(self._one_round(self._rounds))
        self._note(played)

    def slow(self) -> None:
        """The next of six stages. Before the first, one round of the loop is played and watched."""
        if not self._stages and not self.diverged:
            self._stages = list(enumerate(self.watch(), start=1))
        self._stage = self._stages.pop(0) if self._stages else None

    def data(self, name: str | None = None, points: list | None = None) -> None:
        """Go on with other data: a set by its name, or `points` [[x1, x2], …] drawn by hand."""
        if (name is None) == (points is None):
            raise ValueError("data takes either a name or points")
        if points is not None:
            name, self.sets["drawn"] = "drawn", _around(points, self.limit)
            self.clusters.pop("drawn", None)
        if name not in self.sets:
            raise ValueError(f"data {name!r}: known are {', '.join(self.sets)}")
        self.x_name = name
        self._stages, self._stage = [], None
        self._batches()

    def rate(self, player: str, value: float) -> None:
        """Set the learning rate of "G" or "D", for all of its parameters."""
        optimiser = self._optimisers().get(player)
        if optimiser is None:
            raise ValueError(f"player {player!r}: G or D")
        low, high = RATES
        if isinstance(value, bool) or not isinstance(value, int | float) or not low <= value <= high:
            raise ValueError(f"a rate of {value!r}: expected a number from {low:g} to {high:g}")
        self._chosen[player] = value
        for group in optimiser.param_groups:
            group["lr"] = value

    def loss(self, name: str) -> None:
        """Go on with another pair of losses, by its name."""
        if name not in self.losses:
            raise ValueError(f"loss {name!r}: known are {', '.join(self.losses)}")
        self.loss_name = name
        self._call_play()

    def steps(self, player: str, value: int) -> None:
        """Set the moves of "G" or "D" in a round."""
        if player not in self.moves:
            raise ValueError(f"player {player!r}: G or D")
        self.moves[player] = integer(value, f"moves of {player}")
        self._call_play()

    def message(self, content: dict) -> Frame:
        """Do what the widget asks for; the frame that it shows then."""
        call(self, VERBS, content)
        return self.frame()

    # ------------------------------------------------------------ the game

    @property
    def x(self) -> Tensor:
        """(n, 2): the data of the game."""
        return self.sets[self.x_name]

    @property
    def diverged(self) -> bool:
        """Whether the last losses are not finite."""
        return bool(self.rows) and not math.isfinite(self.rows[-1][1] + self.rows[-1][2])

    def _optimisers(self) -> dict[str, torch.optim.Optimizer]:
        return {"G": self.opt_G, "D": self.opt_D}

    def _batches(self) -> None:
        self.batches = data.batches(self.x, self.batch, seed=self.seed)
        if self.x_name not in self.clusters:
            self.clusters[self.x_name] = _patches(self.x, self.limit)
        self._call_play()

    def _call_play(self, loss: Loss | None = None) -> None:
        """Call the learner's loop with all that there is: a loop between two rounds keeps nothing else."""
        self._rounds = iter(
            self.play(
                *(self.G, self.D, self.opt_G, self.opt_D, self.batches, self.z_dim),
                loss=loss or self.losses[self.loss_name],
                d_steps=self.moves["D"],
                g_steps=self.moves["G"],
                seed=self.noise,
            )
        )

    def _one_round(self, rounds: Iterator) -> tuple[float, float]:
        losses = next(rounds, None)
        if losses is None:
            raise ValueError("play has ended, but its batches never do: does it return inside the loop?")
        try:
            loss_D, loss_G = map(float, losses)
        except (TypeError, ValueError):
            raise ValueError(f"play yielded {losses!r}: expected the two losses (loss_D, loss_G)") from None
        self.round += 1
        if not math.isfinite(loss_D + loss_G):
            self.rows.append((self.round, loss_D, loss_G, math.nan, math.nan, math.nan))
        return loss_D, loss_G

    def _note(self, played: list[tuple[float, float]]) -> None:
        """A row of the curves: the mean losses of some rounds, and what G and D do after them."""
        if self.diverged or not played:
            return
        with at_rest(self.G, self.D), torch.no_grad():
            fakes = self.G(self.z_show)
            P = [torch.sigmoid(self.D(x)).mean().item() for x in (self.x[:SHOWN], fakes[:SHOWN])]
        centres, std, _ = self.clusters[self.x_name]
        covered = mode_coverage(fakes, centres, std).modes if fakes.isfinite().all() else math.nan
        self.rows.append((self.round, *np.mean(played, 0).tolist(), covered, *P))

    def watch(self) -> list[tuple[str, Layers]]:
        """Play one round of the learner's own loop; its last move of each player, in six pictures.

        The losses and G report what they are given. Nothing is drawn, trained or counted beside the loop, so
        the parameters are those of a round that nobody has watched, to the last bit.
        """
        seen, (L_D, L_G) = {}, self.losses[self.loss_name]

        def watched_D(D: Callable, x_real: Tensor, x_fake: Tensor) -> Tensor:
            seen.update(real=x_real, old=x_fake.detach(), before=self.field())
            return L_D(D, x_real, x_fake)

        def watched_G(D: Callable, x_real: Tensor, x_fake: Tensor) -> Tensor:
            seen.update(new=x_fake.detach(), after=self.field(), noise=seen["z"], wants=self.pull(x_fake))
            return L_G(D, x_real, x_fake)

        hook = self.G.register_forward_pre_hook(lambda _, given: seen.update(z=given[0].detach()))
        try:
            self._call_play((watched_D, watched_G))
            losses = self._one_round(self._rounds)
        finally:
            hook.remove()
            self._call_play()
        if not {"before", "after"} <= seen.keys():
            raise ValueError("play does not use the losses that it is given: nothing to be watched")
        with at_rest(self.G), torch.no_grad():
            moved = self.G(seen["noise"]) - seen["new"]
        self._note([losses])
        old, new = {"real": seen["real"], "fake": seen["old"]}, {"fake": seen["new"], "field": seen["after"]}
        change = (0.5 + 10 * (seen["after"] - seen["before"])).clamp(0, 1)
        return [
            ("draw real points and fakes", Layers(**old)),
            ("D scores the plane", Layers(**old, field=seen["before"])),
            ("D moves: change of P, × 10", Layers(**old, field=change)),
            ("new fakes meet the new D", Layers(**new)),
            ("what each fake wants", Layers(**new, arrows=_arrows(seen["new"], seen["wants"], 0.5))),
            ("what it gets: G moves, × 3", Layers(**new, arrows=_arrows(seen["new"], moved, 3.0))),
        ]

    # ------------------------------------------------------------ pictures

    def field(self) -> Tensor:
        """(48, 48): P on the plane; row i has x2 = its height."""
        with at_rest(self.D), torch.no_grad():
            return torch.sigmoid(self.D(plots.plane(self.limit, FIELD).flatten(0, 1))).view(FIELD, FIELD)

    def pull(self, x: Tensor) -> Tensor:
        """-∂L_G/∂x for each point (n, 2); L_G averages over the batch, so n times its gradient."""
        with at_rest(self.D), torch.enable_grad():
            x = x.detach().requires_grad_()
            loss = self.losses[self.loss_name][1](self.D, self.x[: len(x)], x)
            return -len(x) * torch.autograd.grad(loss, x)[0]

    def layers(self) -> Layers:
        """The picture of the game as it is."""
        with at_rest(self.G), torch.no_grad():
            fake, net = self.G(self.z_show[:SHOWN]), self.G(_net_lines(self.z_dim).flatten(0, 1))
        arrows = _arrows(fake[:ARROWS], self.pull(fake[:ARROWS]), 0.3)
        return Layers(self.field(), self.x[:SHOWN], fake, net.view(-1, ALONG, 2), arrows)

    def words(self) -> str:
        """The state of the game in a line."""
        if self._stage:
            return f"Round {self.round}, stage {self._stage[0]} of 6: {self._stage[1][0]}."
        if self.diverged:
            return f"Round {self.round}: a loss is no number any more. Reset, with smaller rates."
        if not self.rows:
            return f"Round {self.round}: nobody has learned anything yet."
        _, loss_D, loss_G, covered, real, fake = self.rows[-1]
        centres, _, name = self.clusters[self.x_name]
        return (
            f"Round {self.round}: {covered:.0f} of {len(centres)} {name} covered; losses D {loss_D:.2f}, "
            f"G {loss_G:.2f}; D says {real:.0%} real to data, {fake:.0%} to fakes."
        )

    def frame(self) -> Frame:
        """What the browser draws: words and settings; field, real, fake, net, arrows and curves as bytes."""
        layers = self._stage[1][1] if self._stage else self.layers()
        centres, _, name = self.clusters[self.x_name]
        fresh, rows = self._sent == 0, self.rows[self._sent :][-KEPT:]
        self._sent = len(self.rows)
        head = {
            "round": self.round,
            "seed": self.seed,
            "data": self.x_name,
            "loss": self.loss_name,
            "rates": {name: opt.param_groups[0]["lr"] for name, opt in self._optimisers().items()},
            "steps": self.moves,
            "stage": f"{self._stage[0]}  {self._stage[1][0]}" if self._stage else "",
            "words": self.words(),
            "clusters": len(centres),
            "clusters_name": name,
            "diverged": self.diverged,
            "fresh": fresh,
        }
        field = b"" if layers.field is None else as_bytes(layers.field)
        parts = [b"" if part is None else as_int16(part, self.limit) for part in layers[1:]]
        return head, [field, *parts, np.array(rows, "<f4").tobytes()]


def _four(made: object) -> tuple:
    if not isinstance(made, tuple | list) or len(made) != 4:
        raise ValueError("players(seed) must return G, D, opt_G, opt_D: four things")
    return tuple(made)


def _arrows(start: Tensor, step: Tensor, scale: float) -> Tensor:
    """(n, 4): from, to; scale · step, but not longer than 1."""
    step = scale * step
    length = step.norm(dim=1, keepdim=True).clamp(min=1e-12)
    return torch.cat([start, start + step * (1 / length).clamp(max=1)], 1)


def _net_lines(z_dim: int) -> Tensor:
    """(18, 41, z_dim): every fifth line of `plots.noise_mesh`, in both directions; further noise is 0."""
    mesh, every = plots.noise_mesh(ALONG), (ALONG - 1) // (LINES - 1)
    lines = torch.cat([mesh[::every], mesh[:, ::every].transpose(0, 1)])
    return torch.nn.functional.pad(lines, (0, z_dim - 2))


def _patches(x: Tensor, limit: float) -> Clusters:
    """Stand-ins for clusters: the patches of the plane with at least half of a fair share of the data."""
    width = 2 * limit / PATCHES
    cell = ((x + limit) / width).floor().clamp(0, PATCHES - 1)
    cells, count = cell.unique(dim=0, return_counts=True)
    cells = cells[count >= 0.5 * len(x) / len(cells)]
    return Clusters((cells + 0.5) * width - limit, width * math.sqrt(0.5) / 3, "patches")


def _around(points: object, limit: float) -> Tensor:
    """(20000, 2): points around those that were drawn; ValueError for anything else than points."""
    try:
        drawn = torch.tensor(points, dtype=torch.float32)
    except (TypeError, ValueError):
        drawn = torch.empty(0)
    if drawn.ndim != 2 or drawn.shape[1] != 2 or not len(drawn) or not drawn.isfinite().all():
        raise ValueError("points must be a list of pairs of finite numbers, at least one")
    source = make_generator(0)
    x = drawn[torch.randint(len(drawn), (20_000,), generator=source)]
    return (x + 0.07 * torch.randn(x.shape, generator=source)).clamp(-limit, limit)


def _sets(limit: float) -> dict[str, Tensor]:
    """The toys of the course, moved and scaled into the plane."""
    sets = {"ring": data.ring(20_000, seed=0, std=0.1)}
    for name in ("two_moons", "spirals", "checkerboard", "grid"):
        x = data.toy(name, 20_000, seed=0)
        x = x - (x.amax(0) + x.amin(0)) / 2
        sets[name] = 0.75 * limit * x / x.abs().max()
    return sets


def _players(seed: int) -> tuple:
    """The players of notebook 04, and Adam for each."""
    G, D = mlp((2, 32, 32, 2), seed=2 * seed), mlp((2, 32, 32, 1), seed=2 * seed + 1)
    opt_G, opt_D = (
        torch.optim.Adam(p.parameters(), lr=lr, betas=(0.5, 0.9)) for p, lr in ((G, 3e-3), (D, 5e-3))
    )
    return G, D, opt_G, opt_D


def _checked(x: object, name: str, batch: int, limit: float) -> Tensor:
    if not isinstance(x, Tensor) or x.ndim != 2 or x.shape[1] != 2 or not x.isfinite().all():
        got = tuple(x.shape) if isinstance(x, Tensor) else type(x).__name__
        raise ValueError(f"data {name!r} is {got}: expected finite points, a tensor (n, 2)")
    if len(x) < batch:
        raise ValueError(f"data {name!r} has {len(x)} points, a batch takes {batch}")
    if x.abs().max() > 1.25 * limit:
        raise ValueError(
            f"data {name!r} reaches to {x.abs().max():.3g}, the picture to limit={limit:g}: scale the data, "
            "or pass another limit"
        )
    return x


def laboratory(play: Callable[..., Iterable] = training.play, players: Callable[[int], tuple] = _players,
               x: Tensor | Mapping[str, Tensor] | None = None, *,
               centres: Mapping[str, Tensor] | None = None, std: float = 0.1,
               losses: Mapping[str, Loss] = LOSSES, z_dim: int = 2, batch: int = 64, limit: float = 2.7,
               seed: int = 0, rounds: int = 250, running: bool = True) -> Laboratory:  # fmt: skip
    """Show a game in the plane that can be changed while it is played; `rounds` rounds are played before.

    play: the loop of notebook 04, the learner's own or `training.play`, called as
        play(G, D, opt_G, opt_D, batches, z_dim, loss=…, d_steps=…, g_steps=…, seed=a generator)
    players: a function of the seed that returns G, D, opt_G, opt_D
    x: points (n, 2), or {name: points}, within ±limit; without it five toys
    centres: {name: (K, 2)}, where data has clusters, each of `std`: covered as in `metrics.mode_coverage`;
        elsewhere patches of the plane that hold data are counted
    losses: {name: pair} as `play` takes them; the first is used first
    running: start to play as soon as the picture is seen

    Data, losses and moves change between two rounds: `play` is called again, with the same players,
    optimisers, noise and (except for new data) batches. Batches and noise of a seed are
    `data.batches(x, batch, seed=seed)` and `make_generator(1000 + seed)`, so that every game can be repeated.
    Without widgets (anywidget, a notebook) one line says so, and the picture of the start remains.

    Raises ValueError for data, players or losses that do not fit, and whatever `play` raises.
    """
    integer(z_dim, "z_dim", 2)
    if x is None:
        x, centres = _sets(limit), {"ring": data.ring_centres(), **(centres or {})}
    sets = dict(x) if isinstance(x, Mapping) else {"data": x}
    sets = {name: _checked(points, name, batch, limit) for name, points in sets.items()}
    if unknown := (centres or {}).keys() - sets.keys():
        raise ValueError(f"centres for {', '.join(unknown)}, but the data is {', '.join(sets)}")
    if not sets or not losses:
        raise ValueError("one data set and one pair of losses, at least")
    clusters = {name: Clusters(c, std, "clusters") for name, c in (centres or {}).items()}
    lab = Laboratory(play, players, sets, clusters, losses, z_dim=z_dim, batch=batch, limit=limit, seed=seed)
    for first in range(0, rounds, 5):
        lab.next(min(5, rounds - first))
    widget = connect(
        "laboratory.js",
        lab.message,
        data=list(sets),
        losses=list(losses),
        limit=limit,
        running=running,
    )
    if widget is not None:
        display(widget)
    _picture(lab)
    return lab


def _draw(ax: plt.Axes, layers: Layers, limit: float) -> None:
    if layers.field is not None:
        plots.decision_field(layers.field, limit=limit, ax=ax)
    if layers.net is not None:
        ax.add_collection(LineCollection(list(layers.net.numpy()), colors=plots.FAKE, linewidths=0.8))
    for points, color in ((layers.real, plots.REAL), (layers.fake, "#8C3A00")):
        if points is not None:
            ax.scatter(*points.T, s=6, color=color, linewidths=0, alpha=0.8, zorder=3)
    if layers.arrows is not None:
        plots.arrows(layers.arrows[:, :2], layers.arrows[:, 2:] - layers.arrows[:, :2], ax=ax)
    ax.set(
        xlim=(-limit, limit), ylim=(-limit, limit), aspect="equal", xticks=[], yticks=[], xlabel="", ylabel=""
    )


def _picture(lab: Laboratory) -> None:
    """The laboratory as it stands, for readers without a kernel."""
    fig, axes = plt.subplot_mosaic(
        "pl;pc;pr", figsize=(7.2, 4.0), width_ratios=(1.35, 1), layout="constrained"
    )
    _draw(axes["p"], lab.layers(), lab.limit)
    axes["p"].set_title(f"The laboratory, round {lab.round}")
    rows = np.array(lab.rows).reshape(-1, len(COLUMNS)).T
    centres, _, name = lab.clusters[lab.x_name]
    panels = {
        "l": ("losses", {"D": (rows[1], plots.DISC), "G": (rows[2], plots.FAKE)}),
        "c": (f"covered {name}, of {len(centres)}", {"": (rows[3], plots.GREEN)}),
        "r": ("D's mean P of “real”", {"data": (rows[4], plots.REAL), "fakes": (rows[5], plots.FAKE)}),
    }
    for key, (title, curves) in panels.items():
        low_first = sorted(curves.items(), key=lambda named: named[1][0][-1:].sum())
        for place, (label, (values, color)) in zip(("top", "bottom"), low_first, strict=False):
            axes[key].plot(rows[0], values, color=color, linewidth=1.3)
            if len(values):
                end = (rows[0, -1], values[-1])
                axes[key].annotate(label, end, (4, 0), textcoords="offset points", color=color, va=place)
        axes[key].set_title(title, fontsize=10)
    axes["c"].set_ylim(-0.05 * len(centres), 1.05 * len(centres))
    axes["r"].set_ylim(0, 1)
    axes["r"].set_xlabel("round")
    for key in "lc":
        axes[key].set_xticklabels([])
    picture(
        fig,
        alt="Left: D's field in blue (real) and orange (fake) with a black line at one half, blue data, dark "
        "orange fakes, the orange net that G makes of a square mesh of noise, and arrows to where fakes want "
        f"to go. Right: the losses, the covered {name} and D's mean P, up to now. {lab.words()}",
    )


def slow_motion(lab: Laboratory) -> None:
    """Play one round of the laboratory's game and show its six stages side by side (a picture, no widget)."""
    fig, axes = plt.subplots(2, 3, figsize=(7.2, 5.1))
    for k, (ax, (name, layers)) in enumerate(zip(axes.flat, lab.watch(), strict=True), start=1):
        _draw(ax, layers, lab.limit)
        ax.set_title(f"{k} {name}", fontsize=9)
    picture(
        fig,
        alt=f"Six panels of round {lab.round}: real points and fakes; the field of D; where D's step raised "
        "P (blue) and lowered it (orange), ten times enlarged; new fakes on the new field; arrows along "
        "which each fake wants to go; and arrows along which G moved them, three times enlarged.",
    )
