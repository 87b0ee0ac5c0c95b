"""The recipes that `nb06_time_to_quality.py` races: the course's own, and reconstructions of published ones.

Each function builds one game. The published recipes are rebuilt from the settings in their source, in this
file's own code. What was changed is said in `CHANGES` for all of them and in each docstring for one; all
changes save them time or leave the mathematics as it is.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

import numpy as np
import torch
from PIL import Image
from torch import Tensor, nn
from torch.nn import functional as F
from torch.utils.data import DataLoader, Dataset

from gan_helpers.data import make_generator
from gan_helpers.games import dcgan_game, dcgan_rounds
from gan_helpers.losses import L_D, L_G
from gan_helpers.networks import Choice, dcgan_discriminator, dcgan_generator, mlp
from gan_helpers.training import ema_update

Feed = Callable[[Tensor, int, int], Iterator[Tensor]]

CHANGES = (
    "Reconstructions from published settings, and two made for this race (the tutorial tuned, the MLP of "
    "notebook 05 with our noise and average). One channel. Images of 28 x 28 are padded with background to "
    "32 x 32, once and outside the clock; samples are cut back to 28 x 28. "
    "Batches come from a tensor in memory (data.batches), not from a DataLoader. A sigmoid followed by "
    "binary cross-entropy is written as one stable function of the score. No printing, no image files, "
    "no incomplete last batch."
)
SIDE = 28
OWN = {name: p.default for name, p in inspect.signature(dcgan_rounds).parameters.items()}
Z_DIM, BATCH, DECAY = OWN["z_dim"], OWN["batch"], OWN["decay"]
Z_MLP = 64


class Game(NamedTuple):
    """Players and their rules. `play(x, k)` is round k on real images x (n, 1, side, side) in [-1, 1]."""

    G: nn.Module  # (n, z_dim) -> (n, 1, side, side) in [-1, 1]
    D: nn.Module  # (n, 1, side, side) -> (n, 1), scores
    opt_G: torch.optim.Optimizer
    opt_D: torch.optim.Optimizer
    z_dim: int
    batch: int
    side: int
    play: Callable[[Tensor, int], None]
    average: nn.Module | None = None  # what is sampled instead of G
    modes: tuple[str, ...] = ("train", "eval")  # of the batch norm when sampling: the better one counts
    rounds: int | None = None  # the recipe's own end, if it has one
    feed: Feed | None = None  # (images, batch, seed) -> batches, instead of data.batches


def enlarge(images: Tensor, side: int) -> Tensor:
    """Images (n, 1, 28, 28) as (n, 1, side, side), 28 or 32: padded with background."""
    return images if side == SIDE else F.pad(images, (2, 2, 2, 2), value=-1.0)


def shrink(images: Tensor) -> Tensor:
    """The way back, (n, 1, side, side) -> (n, 1, 28, 28): the middle."""
    return images if images.shape[-1] == SIDE else images[..., 2:-2, 2:-2]


def noise(like: Tensor, z_dim: int) -> Tensor:
    """(len(like), z_dim), standard normal from torch's global source, which the race keeps per run."""
    return torch.randn(len(like), z_dim).to(like)


def adam(net: nn.Module, lr: float, beta1: float = 0.5) -> torch.optim.Adam:
    return torch.optim.Adam(net.parameters(), lr=lr, betas=(beta1, 0.999))


def normal_(net: nn.Module) -> nn.Module:
    """Convolutions N(0, 0.02), batch-norm scales N(1, 0.02) and shifts 0."""
    for module in net.modules():
        if isinstance(module, (nn.Conv2d, nn.ConvTranspose2d)):
            nn.init.normal_(module.weight, 0.0, 0.02)  # a bias keeps PyTorch's default
        elif isinstance(module, nn.BatchNorm2d):
            nn.init.normal_(module.weight, 1.0, 0.02)
            nn.init.zeros_(module.bias)
    return net


def step(optimizer: torch.optim.Optimizer, loss: Tensor) -> None:
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()


# ---------------------------------------------------------------- the DCGAN family


def _up(n_in: int, n_out: int, stride: int = 2) -> list[nn.Module]:
    """1 -> 4 with stride 1 (no padding), doubled with stride 2 (padding 1); kernel 4, no bias."""
    conv = nn.ConvTranspose2d(n_in, n_out, 4, stride, 1 if stride == 2 else 0, bias=False)
    return [conv, nn.BatchNorm2d(n_out), nn.ReLU()]


def _down(n_in: int, n_out: int, norm: bool = True) -> list[nn.Module]:
    conv = nn.Conv2d(n_in, n_out, 4, 2, 1, bias=False)
    return [conv, *([nn.BatchNorm2d(n_out)] if norm else []), nn.LeakyReLU(0.2)]


def tutorial_players(widths: Sequence[int] = (64, 128, 256)) -> tuple[nn.Sequential, nn.Sequential]:
    """G: noise (n, 100) to 4 x 4 with the most channels, doubled to 32 x 32; D mirrors it."""
    ups = [layer for a, b in zip(widths[:0:-1], widths[-2::-1], strict=True) for layer in _up(a, b)]
    last = nn.ConvTranspose2d(widths[0], 1, 4, 2, 1, bias=False)
    G = nn.Sequential(nn.Unflatten(1, (100, 1, 1)), *_up(100, widths[-1], 1), *ups, last, nn.Tanh())
    downs = [layer for a, b in zip(widths, widths[1:], strict=False) for layer in _down(a, b)]
    score = nn.Conv2d(widths[-1], 1, 4, bias=False)
    return G, nn.Sequential(*_down(1, widths[0], False), *downs, score, nn.Flatten())


def tutorial() -> Game:
    """DCGAN as in the PyTorch tutorial `dcgan_faces_tutorial` and `pytorch/examples/dcgan`, for 32 x 32.

    Adam 2e-4, beta1 0.5, batch 128 as in the paper, normal noise, separate real and fake batches, G answers
    to the noise that D has just seen. Published for 64 x 64; here the stage of 512 channels is left out.
    """
    G, D = (normal_(player) for player in tutorial_players())
    opt_G, opt_D = adam(G, 2e-4), adam(D, 2e-4)

    def play(x: Tensor, k: int) -> None:
        x_fake = G(noise(x, 100))
        step(opt_D, F.softplus(-D(x)).mean() + F.softplus(D(x_fake.detach())).mean())
        step(opt_G, F.softplus(-D(x_fake)).mean())

    return Game(G, D, opt_G, opt_D, 100, 128, 32, play)


def tuned() -> Game:
    """The tutorial's network as one would tune it for a minute of one core; nobody published it.

    A quarter of the channels, PyTorch's own initial weights, and from our recipe the batch of 64, Adam (4e-3)
    and the average of the weights. Chosen from ten variants (rates 1e-3 to 8e-3, both initial weights, an
    eighth to three eighths of the channels) at 20 CPU-seconds, on the old report part, with seeds 0 and 1.
    """
    game = ours(*tutorial_players((16, 32, 64)), z_dim=100)
    return game._replace(side=32, modes=("train", "eval"))


# ---------------------------------------------------------------- PyTorch-GAN


def pytorch_gan_convolutional(side: int = 32) -> tuple[nn.Sequential, nn.Sequential]:
    """The players of PyTorch-GAN's `dcgan`, published for 32 x 32; batch norm with eps 0.8, as there."""
    first = side // 4

    def block(a: int, b: int) -> list[nn.Module]:
        conv = nn.Conv2d(a, b, 3, padding=1)
        return [nn.Upsample(scale_factor=2), conv, nn.BatchNorm2d(b, eps=0.8), nn.LeakyReLU(0.2)]

    stem = [nn.Linear(100, 128 * first**2), nn.Unflatten(1, (128, first, first)), nn.BatchNorm2d(128)]
    G = nn.Sequential(*stem, *block(128, 128), *block(128, 64), nn.Conv2d(64, 1, 3, padding=1), nn.Tanh())
    layers: list[nn.Module] = []
    for n_in, n_out in ((1, 16), (16, 32), (32, 64), (64, 128)):
        layers += [nn.Conv2d(n_in, n_out, 3, 2, 1), nn.LeakyReLU(0.2), nn.Dropout2d(0.25)]
        layers += [nn.BatchNorm2d(n_out, eps=0.8)] if n_in > 1 else []
    return normal_(G), normal_(nn.Sequential(*layers, nn.Flatten(), nn.Linear(128 * 2 * 2, 1)))


def pytorch_gan_dense() -> tuple[nn.Sequential, nn.Sequential]:
    """The players of PyTorch-GAN's `gan` and `wgan_gp`: 100-128-256-512-1024-784 and 784-512-256-1."""
    layers: list[nn.Module] = [nn.Linear(100, 128), nn.LeakyReLU(0.2)]
    for n_in, n_out in ((128, 256), (256, 512), (512, 1024)):
        layers += [nn.Linear(n_in, n_out), nn.BatchNorm1d(n_out, eps=0.8), nn.LeakyReLU(0.2)]
    G = nn.Sequential(*layers, nn.Linear(1024, 784), nn.Tanh(), nn.Unflatten(1, (1, 28, 28)))
    first, second = nn.Linear(784, 512), nn.Linear(512, 256)
    return G, nn.Sequential(
        nn.Flatten(), first, nn.LeakyReLU(0.2), second, nn.LeakyReLU(0.2), nn.Linear(256, 1)
    )


def pytorch_gan(kind: str) -> Game:
    """PyTorch-GAN's `dcgan` (32 x 32) or `gan` (28 x 28): Adam 2e-4, beta1 0.5, batch 64, G moves first.

    D then moves on the same fake images, its loss halved.
    """
    G, D = {"dcgan": pytorch_gan_convolutional, "gan": pytorch_gan_dense}[kind]()
    opt_G, opt_D = adam(G, 2e-4), adam(D, 2e-4)

    def play(x: Tensor, k: int) -> None:
        x_fake = G(noise(x, 100))
        step(opt_G, F.softplus(-D(x_fake)).mean())
        step(opt_D, (F.softplus(-D(x)).mean() + F.softplus(D(x_fake.detach())).mean()) / 2)

    return Game(G, D, opt_G, opt_D, 100, 64, 32 if kind == "dcgan" else SIDE, play)


def pytorch_gan_wgan_gp() -> Game:
    """PyTorch-GAN's `wgan_gp` (28 x 28): penalty 10, a G step every fifth round, Adam 2e-4, beta1 0.5.

    The published critic step also back-propagates into G and throws that gradient away; here it does not.
    """
    G, D = pytorch_gan_dense()
    opt_G, opt_D = adam(G, 2e-4), adam(D, 2e-4)

    def play(x: Tensor, k: int) -> None:
        z = noise(x, 100)
        with torch.no_grad():
            x_fake = G(z)
        share = torch.rand(len(x), 1, 1, 1).to(x)
        between = (share * x + (1 - share) * x_fake).requires_grad_()
        (slope,) = torch.autograd.grad(D(between).sum(), between, create_graph=True)
        penalty = (slope.flatten(1).norm(dim=1) - 1).square().mean()
        step(opt_D, D(x_fake).mean() - D(x).mean() + 10 * penalty)
        if k % 5 == 0:
            step(opt_G, -D(G(z)).mean())

    return Game(G, D, opt_G, opt_D, 100, 64, SIDE, play)


# ---------------------------------------------------------------- the course's own


def ours(G: nn.Module | None = None, D: nn.Module | None = None, *, z_dim: int = Z_DIM, batch: int = BATCH,
         decay: float | None = DECAY, feed: Feed | None = None, **adam: object) -> Game:  # fmt: skip
    """The main game of notebook 06, from its own functions; arguments change one thing for the factors.

    Sampled from the average of G's weights, in eval mode. Its rounds are those of `dcgan_rounds` (a test
    compares them); only the noise comes from the race's source.
    """
    game = dcgan_game(seed=torch.initial_seed() % 2**31, G=G, D=D, **adam)

    def play(x: Tensor, k: int) -> None:
        with torch.no_grad():
            x_fake = game.G(noise(x, z_dim))
        step(game.opt_D, L_D(game.D, x, x_fake))
        step(game.opt_G, L_G(game.D, x, game.G(noise(x, z_dim))))
        if decay is not None:
            ema_update(game.average, game.G, min(decay, (1 + k) / (10 + k)))

    average, modes = (None, ("train", "eval")) if decay is None else (game.average, ("eval",))
    return Game(game.G, game.D, game.opt_G, game.opt_D, z_dim, batch, SIDE, play, average, modes, feed=feed)


def mlp_averaged() -> Game:
    """The MLP of notebook 05 with its Adam, and from our recipe the noise that chooses and the average."""
    seed = torch.initial_seed() % 2**31
    G = mlp((Z_MLP, 64, 128, SIDE**2), seed=2 * seed, last=nn.Tanh())
    G = nn.Sequential(Choice(20), G, nn.Unflatten(1, (1, SIDE, SIDE)))
    D = nn.Sequential(nn.Flatten(), mlp((SIDE**2, 128, 64, 1), seed=2 * seed + 1))
    return ours(G, D, z_dim=Z_MLP, lr=3e-3, betas=(0.0, 0.9))


class Items(Dataset):
    """Images as a DataLoader meets them: 8-bit pixels that become a normalised tensor one by one."""

    def __init__(self, images: Tensor):
        self.pixels = (images[:, 0] * 127.5 + 127.5).round().to(torch.uint8).cpu().numpy()

    def __len__(self) -> int:
        return len(self.pixels)

    def __getitem__(self, i: int) -> Tensor:
        picture = Image.fromarray(self.pixels[i])
        picture = picture.resize(
            picture.size, Image.Resampling.BILINEAR
        )  # what Resize does with its own size
        pixels = torch.from_numpy(np.array(picture)).view(*picture.size[::-1], 1)
        return (pixels.permute(2, 0, 1).contiguous().to(torch.float32).div(255) - 0.5) / 0.5


def loader(images: Tensor, batch: int, seed: int) -> Iterator[Tensor]:
    """Endless batches from a DataLoader that converts image by image, in the main process."""
    source = DataLoader(Items(images), batch, shuffle=True, drop_last=True, generator=make_generator(seed))
    while True:
        yield from source


FACTORS = ("nothing", "both players", "generator", "discriminator", "up-sampling", "uneven start", "noise",
           "weights", "rate", "betas", "no EMA", "batch 128", "data path", "all of it",
           "all but both players", "all but Adam", "all but EMA")  # fmt: skip


def factor(name: str) -> Game:
    """Our recipe with one property of PyTorch-GAN's `dcgan`; "all but X" has all of them except X.

    At 28 x 28, where those players work as well; "all of it" is that recipe as raced, at 32 x 32. Its batch
    of 64 is ours, too; "batch 128" is the DCGAN paper's.
    """
    seed = torch.initial_seed() % 2**31
    rate, betas = {"lr": 2e-4}, {"betas": (0.5, 0.999)}
    G, D = pytorch_gan_convolutional(SIDE)
    weights = {
        "G": dcgan_generator(seed=2 * seed, std=0.02),
        "D": dcgan_discriminator(seed=2 * seed + 1, std=0.02),
    }
    both = {"G": G, "D": D, "z_dim": 100}
    changes = {
        "nothing": {},
        "both players": both,
        "generator": {"G": G, "z_dim": 100},
        "discriminator": {"D": D},
        "up-sampling": {"G": dcgan_generator(upsampling="resize", seed=2 * seed)},
        "uneven start": {"G": dcgan_generator(even=False, seed=2 * seed)},
        "noise": {"G": dcgan_generator(100, choices=0, seed=2 * seed), "z_dim": 100},
        "weights": weights,
        "rate": rate,
        "betas": betas,
        "no EMA": {"decay": None},
        "batch 128": {"batch": 128},
        "data path": {"feed": loader},
        "all but both players": {"decay": None, **rate, **betas},
        "all but Adam": {"decay": None, **both},
        "all but EMA": {**both, **rate, **betas},
    }
    return pytorch_gan("dcgan") if name == "all of it" else ours(**changes[name])
