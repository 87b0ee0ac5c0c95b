"""What lesson 06 writes out is what the package exports."""

from pathlib import Path

import jupytext
import pytest
import torch
from torch import nn
from torch.nn import functional as F

from gan_helpers import data
from gan_helpers.games import dcgan_game, dcgan_rounds
from gan_helpers.networks import Choice, dcgan_discriminator, dcgan_generator, initialise
from gan_helpers.training import averaged, ema_update

SOURCE = Path(__file__).parent.parent / "notebooks" / "source" / "06_dcgan.py"
IMAGES = 2 * torch.rand(256, 1, 28, 28, generator=data.make_generator(0)) - 1


@pytest.fixture(scope="module")
def lesson():
    """The functions and classes of the lesson that need nothing but torch."""
    space = {"torch": torch, "nn": nn, "F": F, "initialise": initialise}
    wanted = ("def plain_generator(", "def move(", "PARTS = (")
    cells = [cell.source for cell in jupytext.read(SOURCE).cells if cell.cell_type == "code"]
    for text in wanted:
        (cell,) = [source for source in cells if text in source]
        exec(cell, space)
    return space


def same(one, two):
    one, two = one.state_dict().values(), two.state_dict().values()
    return len(one) == len(two) and all(torch.equal(a, b) for a, b in zip(one, two, strict=True))


@pytest.mark.parametrize("seed", [0, 3])
def test_the_plain_players_are_the_package_s_with_the_paper_s_settings(lesson, seed):
    G = dcgan_generator(seed=seed, choices=0, upsampling="transposed", even=False, std=0.02)
    D = dcgan_discriminator(seed=seed, hidden=(), std=0.02)
    z = torch.randn(6, 32, generator=data.make_generator(1))
    with torch.no_grad():
        x = lesson["plain_generator"](seed)(z)
        assert same(lesson["plain_generator"](seed), G) and torch.equal(x, G(z))
        assert same(lesson["plain_discriminator"](seed), D)
        assert torch.equal(lesson["plain_discriminator"](seed)(x), D(x))
    assert not same(lesson["plain_generator"](seed + 1), G)


def test_the_choice_of_three_in_the_text_is_the_package_s():
    z = torch.tensor([[0.3, 1.2, -0.5]])  # as in section 2
    assert torch.equal(Choice(3)(z), torch.tensor([[0.0, 4.0, 0.0]]))
    assert "(.3, 1.2, −.5) becomes (0, 4, 0)" in SOURCE.read_text(encoding="utf-8")
    assert Choice(3)(z.flip(1)).argmax() == 1 and Choice(3)(-z).argmax() == 2


def test_the_average_moves_as_the_package_s_with_its_buffers(lesson):
    G = dcgan_generator(seed=0)
    mine, ours = averaged(G), averaged(G)
    G(torch.randn(64, 32, generator=data.make_generator(3)))  # moves the running averages
    with torch.no_grad():
        G[1].weight.add_(1)
    lesson["move"](mine, G, 0.9)
    ema_update(ours, G, 0.9)
    for (name, a), b in zip(mine.state_dict().items(), ours.state_dict().values(), strict=True):
        assert "num_batches" in name or torch.equal(a, b), name
    assert not torch.equal(mine[3].running_mean, torch.zeros(32))


def test_ten_lines_resume_a_game_and_a_forgotten_part_makes_another(lesson, tmp_path):
    def played(game, start, rounds):
        return list(dcgan_rounds(game, IMAGES, seed=0, rounds=rounds, start=start))

    whole = dcgan_game(seed=0)
    losses = played(whole, 0, 5)
    stopped = dcgan_game(seed=0)
    played(stopped, 0, 3)
    lesson["save"](stopped, 3, tmp_path / "game.pt")
    resumed = dcgan_game(seed=99)
    assert lesson["load"](resumed, tmp_path / "game.pt") == 3
    assert played(resumed, 3, 5) == losses[3:]
    assert all(same(getattr(whole, name), getattr(resumed, name)) for name in ("G", "D", "average"))

    without_noise = dcgan_game(seed=99)
    lesson["load"](without_noise, tmp_path / "game.pt")
    without_noise.noise.manual_seed(5)
    assert played(without_noise, 3, 5) != losses[3:]
