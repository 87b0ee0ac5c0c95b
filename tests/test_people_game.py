"""The game for people in colour: its players, what its rounds change, and the generator that comes along."""

import math

import pytest
import torch
from torch import nn

from gan_helpers import data, games
from gan_helpers.games import dcgan_rounds, people_game, people_rounds, trained_people
from gan_helpers.losses import L_D, L_G, regularised
from gan_helpers.networks import people_discriminator, people_generator

IMAGES = 2 * torch.rand(40, 3, 32, 32, generator=data.make_generator(0)) - 1


def count(net):
    return sum(p.numel() for p in net.parameters())


def small(seed=0):
    G = people_generator(6, seed=2 * seed, channels=(4, 3, 3))
    return people_game(seed=seed, G=G, D=people_discriminator(seed=2 * seed + 1, channels=(3, 4, 5)))


def weights(game):
    return torch.cat([p.detach().flatten() for part in game[:2] for p in part.parameters()])


# --- players ---


def test_players_have_the_layers_that_their_text_says():
    G, D = people_generator(seed=0), people_discriminator(seed=1)
    x = G(torch.randn(5, 32, generator=data.make_generator(0)))
    assert x.shape == (5, 3, 32, 32) and x.abs().max() <= 1
    assert D(x).shape == (5, 1)
    # 32 → 64 · 4 · 4; 3 x 3 kernels to four times as many channels; two numbers per channel of batch norm
    assert count(G) == 32 * 1024 + 9 * (64 * 192 + 48 * 96 + 24 * 12) + 12 + 2 * (64 + 48 + 24)
    assert count(D) == 16 * (3 * 24 + 24 * 48 + 48 * 64) + (24 + 48 + 64) + 64 * 16 + 1
    assert (
        count(people_discriminator(seed=1, norm=True)) == count(D) + 48 + 64
    )  # + 2n for batch norm, - n biases


def test_smoothing_takes_the_grid_away_and_costs_nothing():
    rough, smooth = (people_generator(seed=0, smooth=how) for how in (False, True))
    assert count(rough) == count(smooth)
    grid = torch.ones(1, 3, 32, 32)
    grid[..., ::2] = -1  # every other column
    even = nn.Sequential(*smooth[-3:-1])(grid)
    assert even.shape == grid.shape
    assert even[..., 1:].abs().max() == 0  # the columns are gone
    step = torch.cat([-torch.ones(1, 3, 32, 16), torch.ones(1, 3, 32, 16)], 3)
    assert nn.Sequential(*smooth[-3:-1])(step)[0, 0, 0, 14:18].tolist() == [
        -1,
        -1,
        0,
        1,
    ]  # an edge gets one step


def test_two_channels_begin_at_eight():
    assert people_generator(seed=0, channels=(8, 4))[1].unflattened_size == (8, 8, 8)
    assert people_generator(7, seed=0, channels=(8, 4))(torch.zeros(2, 7)).shape == (2, 3, 32, 32)


def test_the_seed_decides_and_torch_is_left_alone():
    before = torch.get_rng_state()
    one, same, other = people_game(seed=3), people_game(seed=3), people_game(seed=4)
    assert torch.equal(torch.get_rng_state(), before)
    assert torch.equal(weights(one), weights(same)) and not torch.equal(weights(one), weights(other))


@pytest.mark.parametrize("make", [people_generator, people_discriminator])
@pytest.mark.parametrize("channels", [(), (8, 8, 8, 8, 8), (8, 0), (8, 2.5), (True, 8)])
def test_channels_that_do_not_fit_are_refused(make, channels):
    with pytest.raises(ValueError, match="channels"):
        make(seed=0, channels=channels)


# --- rounds ---


def test_both_rates_fall_along_half_a_cosine():
    game = small()
    rates = []
    for _ in people_rounds(game, IMAGES, seed=0, rounds=8, batch=4, z_dim=6, rates=(0.01, 0.002)):
        rates.append((game.opt_G.param_groups[0]["lr"], game.opt_D.param_groups[0]["lr"]))
    wanted = [0.002 + 0.008 * (1 + math.cos(math.pi * k / 8)) / 2 for k in range(8)]
    assert [rate for rate, _ in rates] == pytest.approx(wanted)
    assert [rate for _, rate in rates] == pytest.approx(wanted)
    assert rates[0][0] == 0.01 and rates[4][0] == pytest.approx(0.006)


def test_r1_stands_in_every_round_or_in_every_fourth_with_four_times_the_weight():
    def played(**told):
        game = small()
        list(people_rounds(game, IMAGES, seed=0, rounds=6, batch=4, z_dim=6, rates=(1e-3, 1e-3), **told))
        return weights(game)

    def by_hand(every, gamma):
        game, calls = small(), []
        penalised = regularised(r1=gamma * every)[0]

        def loss_D(*args):
            calls.append(len(calls))
            return (L_D if calls[-1] % every else penalised)(*args)

        list(dcgan_rounds(game, IMAGES, seed=0, rounds=6, batch=4, z_dim=6, loss=(loss_D, L_G)))
        return weights(game)

    assert torch.equal(played(every=1), by_hand(1, 5.0))
    assert torch.equal(played(every=4), by_hand(4, 5.0))
    assert torch.equal(played(gamma=0.0), by_hand(1, 0.0))
    results = [played(every=1), played(every=4), played(every=4, gamma=50.0), played(gamma=0.0)]
    assert not any(torch.equal(a, b) for k, a in enumerate(results) for b in results[:k])


def test_a_game_goes_on_where_it_stopped():
    told = {"seed": 0, "batch": 4, "z_dim": 6, "rounds": 7}
    whole, parts = small(), small()
    losses = list(people_rounds(whole, IMAGES, **told))
    rounds = people_rounds(parts, IMAGES, **told)
    first = [next(rounds) for _ in range(3)]
    later = list(people_rounds(parts, IMAGES, start=3, **told))
    assert first + later == losses and len(losses) == 7
    assert torch.equal(weights(whole), weights(parts))


def test_bad_images_and_counts_are_refused_at_once():
    with pytest.raises(ValueError, match="expected values in"):
        people_rounds(small(), 0.5 * IMAGES + 0.5, seed=0)
    with pytest.raises(ValueError, match="every"):
        people_rounds(small(), IMAGES, seed=0, every=0)
    with pytest.raises(ValueError, match="r1"):
        people_rounds(small(), IMAGES, seed=0, gamma=-1.0)


# --- the generator that comes with the package ---


def test_the_trained_generator_travels_with_its_recipe():
    saved = torch.load(games.TRAINED, weights_only=True)
    assert games.TRAINED.stat().st_size < 1_000_000
    assert saved["recipe"]["rounds"] == 20_000
    assert {"command", "commit", "date", "machine", "stamp"} <= saved["recipe"].keys()
    G = trained_people()
    assert not G.training and not any(p.requires_grad for p in G.parameters())


def test_weights_of_another_network_are_refused(monkeypatch, tmp_path):
    path = tmp_path / "other.pt"
    torch.save({"state": people_generator(seed=0, channels=(8, 4)).state_dict()}, path)
    monkeypatch.setattr(games, "TRAINED", path)
    with pytest.raises(ValueError, match="does not fit people_generator"):
        trained_people()
