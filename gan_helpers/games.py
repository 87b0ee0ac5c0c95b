"""The named games of the course: players, optimisers and rounds that several notebooks play."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import torch
from torch import Tensor, nn

from gan_helpers.data import batches
from gan_helpers.losses import L_D, L_G, Loss, Player, regularised
from gan_helpers.networks import dcgan_discriminator, dcgan_generator, people_discriminator, people_generator
from gan_helpers.seeds import Device, integer, make_generator
from gan_helpers.training import averaged, ema_update, half_cosine, play


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


def dcgan_rounds(game: Game, images: Tensor | tuple[Tensor, ...], *, seed: int, rounds: int | None = None,
                 start: int = 0, batch: int = 64, z_dim: int = 32, decay: float = 0.998,
                 loss: Loss = (L_D, L_G)) -> Iterator[tuple[float, float]]:  # fmt: skip
    """Play rounds `start` to `rounds` (or for ever) on images (n, 1, 28, 28) in [-1, 1]; yields the losses.

    `play` of notebook 04, and `game.average`, the EMA of G's weights, moves after each round; a tuple
    (images, *given) as in `play`. A game loaded by `load_checkpoint` goes on with that function's answer as
    `start`: as many batches of `seed` are skipped.

    Raises ValueError at once for images of another range, for a decay outside [0, 1), and as `play` does.
    """
    fed = itertools.islice(batches(images, batch, seed=seed), start, rounds)
    x = images if isinstance(images, Tensor) else images[0]
    low, high = (value.item() for value in x.aminmax())
    if not -1.001 <= low < 0 or not high <= 1.001:
        raise ValueError(
            f"images run from {low:.3g} to {high:.3g}: expected values in [-1, 1] with black at -1, which is "
            "what a generator with tanh draws (of data in 0..1, 2 * x - 1)"
        )
    if not 0 <= decay < 1:
        raise ValueError(f"decay is {decay}: expected a number from 0 up to, but not including, 1")
    game_on = play(game.G, game.D, game.opt_G, game.opt_D, fed, z_dim, seed=game.noise, loss=loss)

    def averaging() -> Iterator[tuple[float, float]]:
        for k, losses in enumerate(game_on, start=start):
            ema_update(game.average, game.G, min(decay, (1 + k) / (10 + k)))  # young averages forget faster
            yield losses

    return averaging()


def people_game(*, seed: int, device: Device = "cpu", G: nn.Module | None = None,
                D: nn.Module | None = None, lr: float = 1e-3) -> Game:  # fmt: skip
    """The game of notebook 06 for people in colour, (n, 3, 32, 32), before its first round."""
    G = people_generator(seed=2 * seed) if G is None else G
    D = people_discriminator(seed=2 * seed + 1) if D is None else D
    return dcgan_game(seed=seed, device=device, G=G, D=D, lr=lr)


def people_rounds(game: Game, images: Tensor | tuple[Tensor, ...], *, seed: int, rounds: int = 2000,
                  start: int = 0, batch: int = 16, z_dim: int = 32, rates: tuple[float, float] = (1e-3, 1e-4),
                  gamma: float = 5.0, every: int = 4) -> Iterator[tuple[float, float]]:  # fmt: skip
    """`dcgan_rounds` for people: both rates fall, and R1 stands where D of the digits has batch norm.

    Rounds `start` to `rounds` are played; over all `rounds` both learning rates go from the first to the
    second of `rates` along half a cosine. R1 with γ = `gamma` is taken in every `every`-th round only, times
    `every` ("lazy regularization", Karras et al. 2020, arXiv:1912.04958, appendix B). 2,000 rounds take about
    a minute of one core, and make people; 20,000 made the generator of `trained_people`.

    Raises ValueError as `dcgan_rounds` and `regularised` do, and for `every` below 1.
    """
    penalised, plain = regularised(r1=gamma * integer(every, "every"))
    step = start

    def loss_D(D: Player, x_real: Tensor, x_fake: Tensor) -> Tensor:
        return (L_D if step % every else penalised)(D, x_real, x_fake)

    game_on = dcgan_rounds(game, images, seed=seed, rounds=rounds, start=start, batch=batch, z_dim=z_dim,
                           loss=(loss_D, plain))  # fmt: skip

    def falling() -> Iterator[tuple[float, float]]:
        nonlocal step
        for step in range(start, rounds):
            for group in (*game.opt_G.param_groups, *game.opt_D.param_groups):
                group["lr"] = half_cosine(*rates, step / rounds)
            yield next(game_on)

    return falling()


TRAINED = Path(__file__).parent / "records" / "people_generator.pt"


def trained_people() -> nn.Sequential:
    """A generator of people, noise (n, 32) -> (n, 3, 32, 32), as it was after 20,000 rounds; in eval mode.

    The average of `people_game`'s generator, seed 0, made by `benchmarks/nb06_people.py --only long` in ten
    minutes of one core. Its weights come with the package. Raises ValueError for a file of other weights.
    """
    saved = torch.load(TRAINED, weights_only=True)
    G = people_generator(seed=0)
    try:
        G.load_state_dict({name: value.float() for name, value in saved["state"].items()})
    except RuntimeError as error:
        raise ValueError(f"{TRAINED} does not fit people_generator: make it again. {error}") from None
    return G.requires_grad_(False).eval()
