"""The widgets: messages play the learner's game to the last bit, and frames hold what paper says."""

import importlib.resources
import itertools
import json
import math
import re
import shutil
import socket
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import NamedTuple

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from gan_helpers import data, live, plots, training
from gan_helpers.live import bridge, latent, plane
from gan_helpers.losses import LOSSES
from gan_helpers.networks import dcgan_generator, mlp

ROOT = Path(__file__).parent.parent
RING = data.ring(2000, seed=0, std=0.1)
MOONS = data.two_moons(2000, seed=0)


@pytest.fixture(autouse=True)
def no_pictures(monkeypatch):
    """The words of the static pictures, which would take a quarter of a second each."""
    shown = []
    monkeypatch.setattr(plots, "show", lambda fig, alt: shown.append(alt))
    return shown


def players(seed):
    G, D = mlp((2, 16, 2), seed=2 * seed), mlp((2, 16, 1), seed=2 * seed + 1)
    opt_G = torch.optim.Adam(G.parameters(), lr=3e-3, betas=(0.5, 0.9))
    return G, D, opt_G, torch.optim.Adam(D.parameters(), lr=5e-3, betas=(0.5, 0.9))


def laboratory(**options):
    options = {"play": training.play, "players": players, "x": {"ring": RING, "moons": MOONS}, **options}
    return live.laboratory(**{"rounds": 0, "centres": {"ring": data.ring_centres()}, **options})


def send(lab, *messages):
    return [lab.message(message) for message in messages][-1]


def reference(seed=0, batches=None, **options):
    """A game as the learner writes it: one call of play; (G, D, opt_G, opt_D, rounds)."""
    G, D, opt_G, opt_D = players(seed)
    batches = data.batches(RING, 64, seed=seed) if batches is None else batches
    rounds = training.play(G, D, opt_G, opt_D, batches, 2, seed=1000 + seed, **options)
    return G, D, opt_G, opt_D, rounds


def same(lab, G, D):
    ours, theirs = (*lab.G.parameters(), *lab.D.parameters()), (*G.parameters(), *D.parameters())
    return all(torch.equal(p, q) for p, q in zip(ours, theirs, strict=True))


# ---------------------------------------------------------------- the game, to the last bit


def test_next_slow_and_show_play_the_rounds_of_one_call_of_play():
    lab, (G, D, _, _, rounds) = laboratory(), reference()
    six_stages = [{"do": "slow"}] * 6
    send(lab, {"do": "next", "rounds": 3}, {"do": "show"}, *six_stages, {"do": "next"}, {"do": "slow"})
    list(itertools.islice(rounds, 6))
    assert lab.round == 6 and same(lab, G, D)
    next(rounds)
    assert not same(lab, G, D)


def test_a_rate_changes_between_two_rounds():
    lab, (G, D, opt_G, _, rounds) = laboratory(), reference()
    send(lab, {"do": "next", "rounds": 4}, {"do": "rate", "player": "G", "value": 0.02})
    head, _ = send(lab, {"do": "next", "rounds": 4})
    list(itertools.islice(rounds, 4))
    opt_G.param_groups[0]["lr"] = 0.02
    list(itertools.islice(rounds, 4))
    assert same(lab, G, D) and head["rates"] == {"G": 0.02, "D": 5e-3}


def test_a_loss_changes_between_two_rounds():
    used = []

    def switched(k):  # a pair that changes by itself, in one call of play
        def loss(D, x_real, x_fake):
            used.append(k)
            name = "non-saturating" if used.count(k) <= 4 else "hinge"
            return LOSSES[name][k](D, x_real, x_fake)

        return loss

    lab, (G, D, _, _, rounds) = laboratory(), reference(loss=(switched(0), switched(1)))
    send(lab, {"do": "next", "rounds": 4}, {"do": "loss", "name": "hinge"}, {"do": "next", "rounds": 3})
    list(itertools.islice(rounds, 7))
    assert same(lab, G, D)


def test_the_moves_of_each_player_count():
    lab = laboratory()
    send(lab, {"do": "steps", "player": "D", "value": 3}, {"do": "steps", "player": "G", "value": 2})
    send(lab, {"do": "next", "rounds": 2}, {"do": "slow"})
    G, D, _, _, rounds = reference(d_steps=3, g_steps=2)
    list(itertools.islice(rounds, 3))
    assert same(lab, G, D)


def test_data_changes_between_two_rounds_and_the_players_go_on():
    lab = laboratory()
    send(lab, {"do": "next", "rounds": 4}, {"do": "data", "name": "moons"}, {"do": "next", "rounds": 3})
    first = itertools.islice(data.batches(RING, 64, seed=0), 4)
    G, D, _, _, rounds = reference(batches=itertools.chain(first, data.batches(MOONS, 64, seed=0)))
    list(itertools.islice(rounds, 7))
    assert same(lab, G, D)


def test_reset_starts_a_seed_afresh_and_keeps_what_was_chosen():
    lab = laboratory(rounds=7)
    send(lab, {"do": "rate", "player": "D", "value": 0.01}, {"do": "loss", "name": "hinge"})
    head, _ = send(lab, {"do": "reset", "seed": 3}, {"do": "next", "rounds": 5})
    G, D, _, opt_D, rounds = reference(3, loss=LOSSES["hinge"])
    opt_D.param_groups[0]["lr"] = 0.01
    list(itertools.islice(rounds, 5))
    assert same(lab, G, D) and (head["round"], head["seed"], head["loss"]) == (5, 3, "hinge")


def test_the_learners_own_loop_is_the_one_that_plays():
    def lazy(G, D, opt_G, opt_D, batches, z_dim, *, loss, d_steps, g_steps, seed):
        for x_real in batches:  # D alone moves
            with torch.no_grad():
                x_fake = G(torch.randn(len(x_real), z_dim, generator=seed))
            loss_D = loss[0](D, x_real, x_fake)
            opt_D.zero_grad()
            loss_D.backward()
            opt_D.step()
            yield loss_D.item(), 0.0

    lab, (G, D, *_) = laboratory(play=lazy), reference()
    send(lab, {"do": "next", "rounds": 3})
    assert lab.round == 3 and lab.rows[-1][2] == 0
    assert all(torch.equal(p, q) for p, q in zip(lab.G.parameters(), G.parameters(), strict=True))
    assert not any(torch.equal(p, q) for p, q in zip(lab.D.parameters(), D.parameters(), strict=True))
    with pytest.raises(ValueError, match="does not use the losses"):  # loss[1] is never called
        send(lab, {"do": "slow"})


def test_looking_changes_nothing():
    def restless(seed):  # batch norm would move, dropout would draw
        G = nn.Sequential(nn.Linear(2, 8), nn.BatchNorm1d(8), nn.Linear(8, 2))
        D = nn.Sequential(nn.Linear(2, 8), nn.Dropout(0.5), nn.Linear(8, 1))
        D[1].eval()
        return G, D, *(torch.optim.SGD(net.parameters(), lr=0.1) for net in (G, D))

    lab = laboratory(players=restless, rounds=2)
    before = [value.clone() for net in (lab.G, lab.D) for value in net.state_dict().values()]
    grads = [p.grad.clone() for net in (lab.G, lab.D) for p in net.parameters()]
    random = torch.get_rng_state()
    for _ in range(3):
        lab.frame()
    after = [value for net in (lab.G, lab.D) for value in net.state_dict().values()]
    assert all(torch.equal(a, b) for a, b in zip(before, after, strict=True))
    now = [p.grad for net in (lab.G, lab.D) for p in net.parameters()]
    assert all(torch.equal(a, b) for a, b in zip(grads, now, strict=True))
    assert torch.equal(random, torch.get_rng_state())
    assert lab.G[1].training and not lab.D[1].training and lab.D.training


# ---------------------------------------------------------------- frames


def linear_players(seed):
    """D(x) = 2 x1 and G(z) = z + (0, 1), which stand still."""
    G, D = nn.Linear(2, 2), nn.Linear(2, 1, bias=False)
    with torch.no_grad():
        G.weight.copy_(torch.eye(2))
        G.bias.copy_(torch.tensor([0.0, 1.0]))
        D.weight.copy_(torch.tensor([[2.0, 0.0]]))
    return G, D, *(torch.optim.SGD(net.parameters(), lr=0.0) for net in (G, D))


def unpacked(part):
    return np.frombuffer(part, "<i2") / 16384 * 2.7


def test_a_frame_holds_what_is_known_on_paper():
    lab = laboratory(players=linear_players)
    head, (field, real, fake, net, arrows, rows) = send(lab, {"do": "next", "rounds": 2})
    field = np.frombuffer(field, np.uint8).reshape(48, 48)
    ticks = np.linspace(-2.7, 2.7, 48)
    assert np.abs(field - 255 / (1 + np.exp(-2 * ticks))).max() < 0.51  # each row; rounded, not cut off
    assert field[0, 0] == 1 and field[30, 47] == 254
    half = 2.7 / 16384 / 2 + 1e-6
    assert np.abs(unpacked(real).reshape(400, 2) - RING[:400].numpy()).max() < half
    z, fake = lab.z_show[:400].numpy(), unpacked(fake).reshape(400, 2)
    inside = np.abs(z + np.array([0, 1])).max(1) < 5.3
    assert np.abs(fake - z - [0, 1])[inside].max() < half and inside.sum() > 390
    net = unpacked(net).reshape(18, 41, 2)  # nine lines each way, of noise at equal quantiles
    first, middle = plots.noise_mesh(41)[0, 0, 0].item(), net[4, 20]
    assert abs(net[0, 0, 0] - first) < half and np.abs(middle - [0, 1]).max() < half
    assert np.ptp(net[:9, :, 1], axis=1).max() == 0 and np.ptp(net[9:, :, 0], axis=1).max() == 0
    start, end = unpacked(arrows).reshape(40, 2, 2).transpose(1, 0, 2)
    pull = 2 / (1 + np.exp(2 * start[:, 0]))  # (1 - P) ∇D
    assert np.abs(end[:, 0] - start[:, 0] - 0.3 * pull).max() < 3 * half
    assert np.abs(end[:, 1] - start[:, 1]).max() == 0
    (row,) = np.frombuffer(rows, "<f4").reshape(-1, 6)
    assert row[0] == 2 and abs(row[4] - torch.sigmoid(2 * RING[:400, 0]).mean()) < 1e-6
    near = np.linalg.norm(lab.z_show.numpy()[:, None] + [0, 1] - data.ring_centres().numpy(), axis=2) < 0.3
    assert row[3] == (near.sum(0) >= 0.2 * 1000 / 8).sum()
    assert head["words"].startswith(f"Round 2: {row[3]:.0f} of 8 clusters covered; losses D ")


def test_long_arrows_are_cut_to_one_and_far_points_to_the_edge():
    arrows = plane._arrows(torch.zeros(2, 2), torch.tensor([[30.0, 40.0], [0.3, 0.4]]), 1.0)
    assert torch.allclose(arrows[:, 2:], torch.tensor([[0.6, 0.8], [0.3, 0.4]]))
    values = torch.tensor([0.0, 1.0, -2.0, 9.0, -9.0, math.nan])
    steps = np.frombuffer(bridge.as_int16(values, 1.0), "<i2").tolist()
    assert steps == [0, 16384, -32767, 32767, -32767, 0]
    assert list(bridge.as_bytes(torch.tensor([-1.0, 0.0, 1.0, 5.0]), -1, 1)) == [0, 128, 255, 255]


def test_curves_come_whole_to_a_new_view_and_row_by_row_to_the_others():
    lab = laboratory(rounds=20)

    def rows(frame):
        return np.frombuffer(frame[1][-1], "<f4").reshape(-1, 6)[:, 0].tolist()

    first = lab.message({"do": "show"})
    assert rows(first) == [5, 10, 15, 20] and first[0]["fresh"]
    later = lab.message({"do": "next", "rounds": 3})
    assert rows(later) == [23] and not later[0]["fresh"]
    lab.next(2)  # from a cell
    assert rows(lab.message({"do": "next"})) == [25, 26]
    again = lab.message({"do": "show"})
    assert rows(again) == [5, 10, 15, 20, 23, 25, 26] and again[0]["fresh"]
    assert rows(lab.message({"do": "reset"})) == []


def test_losses_of_a_row_are_means_over_its_rounds():
    lab, (*_, rounds) = laboratory(), reference()
    lab.message({"do": "next", "rounds": 4})
    mean = torch.tensor(list(itertools.islice(rounds, 4))).double().mean(0)
    assert torch.allclose(torch.tensor(lab.rows[0][1:3]).double(), mean, atol=1e-6)


@pytest.mark.parametrize(("points", "covered"), [(RING, 8), (RING[:1].expand(9, 2), 1), (RING + 1, 0)])
def test_clusters_are_counted(points, covered):
    class Fixed(nn.Linear):
        def forward(self, z):
            return points.repeat(1 + len(z) // len(points), 1)[: len(z)] + 0 * super().forward(z)

    def fixed(seed):
        _, D, _, opt_D = linear_players(seed)
        G = Fixed(2, 2)
        return G, D, torch.optim.SGD(G.parameters(), lr=0.0), opt_D

    lab = laboratory(players=fixed, rounds=1)
    assert lab.rows[-1][3] == covered


def test_patches_stand_in_where_no_clusters_are_known():
    lab = laboratory()
    square = [[x, y] for x in (-0.2, 0.2) for y in (0.6, 0.7)]
    head, _ = send(lab, {"do": "data", "points": square})
    assert head["data"] == "drawn" and head["clusters_name"] == "patches"
    assert 2 <= head["clusters"] <= 4  # a patch is .45 wide
    assert lab.x.shape == (20_000, 2)
    assert (torch.cdist(lab.x[:500], torch.tensor(square)).amin(1) < 0.35).all()
    head, _ = send(lab, {"do": "data", "points": [[2.0, 2.0]]})
    assert head["clusters"] == 1 and (lab.x > 1.5).all()


# ---------------------------------------------------------------- slow motion


def test_slow_motion_shows_what_the_round_did(monkeypatch):
    lab = laboratory(rounds=5)
    heads, parts = zip(*(lab.message({"do": "slow"}) for _ in range(7)), strict=True)
    assert [head["stage"][:1] for head in heads] == list("1234561")
    assert [head["round"] for head in heads] == [6] * 6 + [7]
    shown = [[bool(part) for part in frame[:5]] for frame in parts[:6]]  # field, real, fake, net, arrows
    assert shown[0] == [False, True, True, False, False] and shown[1] == [True, True, True, False, False]
    assert shown[2] == shown[1] and shown[3] == [True, False, True, False, False]
    assert shown[4] == shown[5] == [True, False, True, False, True]
    assert parts[3][0] == parts[4][0] == parts[5][0] != parts[1][0]
    change = np.frombuffer(parts[2][0], np.uint8) / 255 - 0.5  # ten times the difference of 2 and 4
    moved = (np.frombuffer(parts[3][0], np.uint8) - np.frombuffer(parts[1][0], np.uint8).astype(float)) / 25.5
    free = np.abs(moved) < 0.4
    assert free.sum() > 100 and np.abs(change - moved)[free].max() < 0.045
    looks = []
    monkeypatch.setattr(lab, "field", lambda field=lab.field: looks.append(1) or field())
    assert lab.message({"do": "next", "rounds": 9})[0]["stage"] == ""
    assert len(looks) == 1  # for the picture: nobody watches any more


def test_the_last_stage_shows_how_G_moved_the_fakes():
    lab = laboratory(rounds=5)
    G = training.copied(lab.G)
    seen = []
    hook = lab.G.register_forward_pre_hook(lambda _, given: seen.append(given[0]))
    stages = lab.watch()
    hook.remove()
    z = seen[1]  # D's move takes the first noise, G's the second
    with torch.no_grad():
        before, after = G(z), lab.G(z)
    arrows = stages[5][1].arrows
    assert torch.allclose(arrows[:, :2], before) and torch.allclose(stages[4][1].fake, before)
    assert torch.allclose(arrows[:, 2:] - before, 3 * (after - before), atol=1e-5)
    assert (after - before).abs().max() > 1e-3


def test_slow_motion_as_a_picture(no_pictures, monkeypatch):
    monkeypatch.setattr(bridge, "get_ipython", lambda: SimpleNamespace())
    lab, (G, D, _, _, rounds) = laboratory(), reference()
    live.slow_motion(lab)
    next(rounds)
    assert no_pictures[-1].startswith("Six panels of round 1:") and same(lab, G, D)


# ---------------------------------------------------------------- what goes wrong is said


def test_a_game_that_diverges_stops_and_says_so():
    calls = []

    def breaks(D, x_real, x_fake):
        calls.append(1)
        return LOSSES["hinge"][1](D, x_real, x_fake) * (math.nan if len(calls) == 4 else 1)

    lab = laboratory(losses={"breaks": (LOSSES["hinge"][0], breaks)})
    calls.clear()  # of the first picture's arrows
    head, _ = send(lab, {"do": "next", "rounds": 9})
    assert head["diverged"] and head["round"] == 4 and "no number" in head["words"]
    for do in ("next", "slow"):
        assert send(lab, {"do": do})[0]["round"] == 4
    head, _ = send(lab, {"do": "reset"}, {"do": "next", "rounds": 2})
    assert not head["diverged"] and head["round"] == 2


@pytest.mark.parametrize(
    ("message", "reason"),
    [
        ("next", "expected a dict"),
        ({"do": "frame"}, "expected a dict with do = show, next"),
        ({"do": "__init__"}, "expected a dict with do"),
        ({"do": "next", "rounds": 0}, "rounds must be an integer of at least 1"),
        ({"do": "next", "round": 3}, "next takes rounds, not round"),
        ({"do": "show", "x": 3}, "show takes nothing, not x"),
        ({"do": "rate", "player": "E", "value": 0.1}, "G or D"),
        ({"do": "rate", "player": "G", "value": 3}, "from 1e-05 to 1"),
        ({"do": "rate", "player": "G", "value": math.nan}, "from 1e-05 to 1"),
        ({"do": "rate", "player": "G", "value": "fast"}, "from 1e-05 to 1"),
        ({"do": "steps", "player": "x", "value": 1}, "G or D"),
        ({"do": "steps", "player": "D", "value": 1.5}, "moves of D"),
        ({"do": "loss", "name": "mine"}, "known are non-saturating"),
        ({"do": "data", "name": "cats"}, "known are ring, moons"),
        ({"do": "data"}, "either a name or points"),
        ({"do": "data", "points": []}, "pairs of finite numbers"),
        ({"do": "data", "points": [[1, 2, 3]]}, "pairs of finite numbers"),
        ({"do": "data", "points": [[1, None]]}, "pairs of finite numbers"),
        ({"do": "data", "points": [[1, math.inf]]}, "pairs of finite numbers"),
        ({"do": "reset", "seed": -1}, "seed must be an integer of at least 0"),
    ],
)
def test_a_wrong_message_is_named_and_changes_nothing(message, reason):
    lab, (G, D, _, _, rounds) = laboratory(), reference()
    with pytest.raises(ValueError, match=re.escape(reason)):
        lab.message(message)
    lab.message({"do": "next", "rounds": 2})
    list(itertools.islice(rounds, 2))
    assert same(lab, G, D)


def ends(*_, **__):
    yield 1.0, 1.0


def alone(*_, **__):
    yield 1.0


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        ({"players": lambda seed: players(seed)[:3]}, "four things"),
        ({"x": RING.view(-1, 1)}, "expected finite points, a tensor (n, 2)"),
        ({"x": {"mine": [1, 2]}}, "data 'mine' is list"),
        ({"x": RING * math.nan}, "expected finite points"),
        ({"x": RING[:9]}, "9 points, a batch takes 64"),
        ({"x": 3 * RING}, "pass another limit"),
        ({"x": {"moons": MOONS}}, "centres for ring, but the data is moons"),
        ({"losses": {}}, "at least"),
        ({"z_dim": 1}, "z_dim must be an integer of at least 2"),
        ({"play": ends, "rounds": 2}, "play has ended"),
        ({"play": alone, "rounds": 1}, "play yielded 1.0: expected the two losses"),
    ],
)
def test_what_does_not_fit_is_named_before_anything_is_shown(options, reason):
    with pytest.raises(ValueError, match=re.escape(reason)):
        laboratory(**options)


# ---------------------------------------------------------------- explorer


class Table(nn.Module):
    """Images whose second pixel is, in its last channel, tanh of the first noise; the rest is -1."""

    def __init__(self, *shape):
        super().__init__()
        self.shape = shape

    def forward(self, z):
        x = -torch.ones(len(z), *self.shape)
        x[(slice(None), *([-1, 0, 1] if x.ndim == 4 else [1]))] = z[:, 0].tanh()
        return x


@pytest.mark.parametrize("shape", [(1, 4, 6), (3, 5, 5), (16,)])
def test_the_images_shown_are_those_of_G(shape):
    G = Table(*shape)
    explorer = live.explore(G, 7, seed=3)
    head, (images, kept) = send(explorer, {"do": "move", "step": [1.0, 0, 0, 0, -2.0, 0]})
    channels, height, width = shape if len(shape) == 3 else (1, 4, 4)
    assert (head["channels"], head["height"], head["width"]) == (channels, height, width)
    pixels = np.frombuffer(images, np.uint8).reshape(16, height, width, channels)
    source = torch.Generator().manual_seed(3)
    start = torch.randn(16, 7, generator=source)
    z = start + explorer.axes[0] - 2 * explorer.axes[4]
    assert torch.allclose(explorer.z, z, atol=1e-6)
    assert np.abs(pixels[:, 0, 1, -1] - 127.5 * (1 + np.tanh(z[:, 0].numpy()))).max() < 0.51
    assert pixels.astype(int).sum() == pixels[:, 0, 1, -1].astype(int).sum()
    first = np.frombuffer(kept, np.uint8).reshape(2, height, width, channels)[:, 0, 1, -1]  # A and B
    assert np.abs(first - 127.5 * (1 + np.tanh(start[[0, -1], 0].numpy()))).max() < 0.51


def test_G_is_asked_in_eval_mode_and_left_as_it_was():
    G = dcgan_generator(seed=0)
    explorer = live.explore(G, 32)
    assert G.training and all(layer.training for layer in G)
    state = {key: value.clone() for key, value in G.state_dict().items()}
    _, (images, _) = send(explorer, {"do": "move", "step": [0.5] * 6})
    assert all(torch.equal(value, state[key]) for key, value in G.state_dict().items())
    with torch.no_grad():
        expected = G.eval()(explorer.z)
    shown = np.frombuffer(images, np.uint8).reshape(16, 1, 28, 28) / 127.5 - 1
    assert np.abs(shown - expected.numpy()).max() < 0.0041


def test_directions_are_orthonormal_and_new_ones_differ():
    explorer = live.explore(Table(1, 2, 2), 9)
    before = explorer.axes
    assert torch.allclose(before @ before.T, torch.eye(6), atol=1e-6)
    send(explorer, {"do": "move", "step": [1.0] * 6}, {"do": "directions"})
    assert explorer.step == [0.0] * 6 and not torch.allclose(before, explorer.axes, atol=0.1)
    assert len(live.explore(Table(1, 2, 2), 1).axes) == 1


def test_truncation_draws_the_starts_to_the_mean():
    explorer = live.explore(Table(1, 2, 2), 5)
    send(explorer, {"do": "truncate", "value": 0.5})
    assert torch.allclose(explorer.z, 0.5 * explorer.starts)
    send(explorer, {"do": "truncate", "value": 0}, {"do": "move", "step": [1.0, 0, 0, 0, 0]})
    assert torch.allclose(explorer.z, explorer.axes[0].expand(16, 5))


def test_favourites_and_the_paths_between_them():
    explorer = live.explore(Table(1, 2, 2), 5)
    a, b = explorer.z[3], explorer.z[8]
    head, _ = send(explorer, {"do": "pick", "image": 3})
    assert head["next"] == "B"
    send(explorer, {"do": "pick", "image": 8}, {"do": "path", "kind": "lerp"})
    assert torch.allclose(explorer.z[[0, 15]], torch.stack([a, b])) and torch.allclose(
        explorer.z[5], (2 * a + b) / 3, atol=1e-6
    )
    send(explorer, {"do": "path", "kind": "slerp"})
    assert torch.allclose(explorer.z[[0, 15]], torch.stack([a, b]), atol=1e-6)
    lengths = explorer.z.norm(dim=1)
    assert torch.allclose(lengths, torch.linspace(a.norm().item(), b.norm().item(), 16), atol=1e-5)
    fifth = explorer.z[5]
    send(explorer, {"do": "pick", "image": 5})  # on the path
    assert explorer.which == 1 and torch.allclose(explorer.favourites[0], fifth)
    head, _ = send(explorer, {"do": "move", "step": [0.0] * 5})
    assert head["line"] == ""


def test_slerp_on_paper():
    a, b, half = torch.tensor([1.0, 0.0]), torch.tensor([0.0, 3.0]), torch.tensor([0.0, 0.5, 1.0])
    middle = 2 * math.sqrt(0.5)  # half way in angle and in length
    expected = torch.tensor([[1.0, 0.0], [middle, middle], [0.0, 3.0]])
    assert torch.allclose(live.slerp(a, b, half), expected, atol=1e-6)
    assert torch.allclose(live.slerp(a, -2 * a, half), torch.tensor([[1.0, 0], [-0.5, 0], [-2, 0]]))
    assert torch.allclose(live.slerp(a, 0 * a, half), torch.tensor([[1.0, 0], [0.5, 0], [0, 0]]))


class Read(NamedTuple):
    light: Tensor
    smiles: Tensor


def test_what_a_reader_reads_is_shown_for_each_image():
    def read(x):
        return {"light": x[:, 0, 0, 1]}

    explorer = live.explore(Table(1, 2, 2), 5, read=read)
    head, _ = send(explorer, {"do": "show"})
    expected = explorer.z[:, 0].tanh()
    assert np.abs(np.array(head["read"]["light"]) - expected.numpy()).max() < 5.1e-4
    table = live.explore(Table(1, 2, 2), 5, read=lambda x: Read(x[:, 0, 0, 0], x[:, 0, 0, 0] > 0))
    assert set(json.loads(json.dumps(table.frame()[0]["read"]))) == {"light", "smiles"}


@pytest.mark.parametrize(
    ("message", "reason"),
    [
        ({"do": "move", "step": [0.0]}, "expected 5 numbers from -3 to 3"),
        ({"do": "move", "step": [4.0] * 5}, "expected 5 numbers"),
        ({"do": "move", "step": [math.nan] * 5}, "expected 5 numbers"),
        ({"do": "move", "step": "ab"}, "expected 5 numbers"),
        ({"do": "truncate", "value": 2}, "from 0 to 1.5"),
        ({"do": "pick", "image": 16}, "there are 16"),
        ({"do": "pick", "image": -1}, "image must be"),
        ({"do": "path", "kind": "jump"}, "lerp or slerp"),
        ({"do": "images", "z": []}, "expected a dict with do"),
    ],
)
def test_a_wrong_message_to_the_explorer_is_named(message, reason):
    explorer = live.explore(Table(1, 2, 2), 5)
    z = explorer.z
    with pytest.raises(ValueError, match=re.escape(reason)):
        explorer.message(message)
    assert torch.equal(explorer.z, z)


@pytest.mark.parametrize(
    ("G", "options", "reason"),
    [
        (Table(2, 4, 4), {}, "expected images (n, 1 or 3, H, W)"),
        (Table(15), {}, "flat squares"),
        (lambda z: z.tolist(), {}, "G made list"),
        (lambda z: torch.zeros(3, 1, 4, 4), {}, "G made (3, 1, 4, 4) of noise (16, 5)"),
        (Table(1, 4, 4), {"value_range": (0.0, 1.0)}, "outside value_range=(0.0, 1.0)"),
        (lambda z: torch.full((16, 1, 4, 4), math.nan), {}, "outside value_range"),
        (Table(1, 4, 4), {"read": lambda x: 3}, "read returned a int"),
        (Table(1, 4, 4), {"read": lambda x: {"a": torch.ones(4)}}, "read gave (4,) for a"),
    ],
)
def test_a_generator_or_reader_that_does_not_fit_is_named(G, options, reason):
    with pytest.raises(ValueError, match=re.escape(reason)):
        live.explore(G, 5, **options)


# ---------------------------------------------------------------- widget, fallback, files


@pytest.fixture
def notebook(monkeypatch):
    """A notebook without a browser: what was displayed."""
    displayed = []
    monkeypatch.setattr(bridge, "get_ipython", lambda: SimpleNamespace(kernel=object()))
    for module in (plane, latent):
        monkeypatch.setattr(module, "display", displayed.append)
    return displayed


def test_the_widget_passes_messages_on(notebook, no_pictures):
    lab, (G, D, _, _, rounds) = laboratory(), reference()
    (widget,) = notebook
    assert widget.settings["data"] == ["ring", "moons"] and widget.settings["running"] is True
    answers = []
    widget.send = lambda content, buffers: answers.append((content, buffers))
    widget._handle_custom_msg({"do": "next", "rounds": 2}, [])
    widget._handle_custom_msg({"do": "loss", "name": "mine"}, [])
    list(itertools.islice(rounds, 2))
    assert same(lab, G, D) and answers[0][0]["round"] == 2 and len(answers[0][1]) == 6
    json.dumps(answers[0][0], allow_nan=False)
    assert answers[1] == ({"error": "ValueError: " + answers[1][0]["error"][12:]}, [])
    assert "known are non-saturating" in answers[1][0]["error"]
    assert no_pictures[0].startswith("Left: D's field")  # beside the widget, for readers without a kernel


def test_the_explorers_widget_too(notebook, no_pictures):
    live.explore(Table(3, 4, 4), 2)
    (widget,) = notebook
    assert widget.settings == {"sliders": 2, "reach": 3.0, "images": 16}
    assert no_pictures[0].startswith("Five rows of the same eight images")


def test_a_saved_notebook_keeps_the_picture_and_not_the_widget(notebook):
    import nbformat

    sys.path.insert(0, str(ROOT / "tools"))
    import notebooks as tool

    laboratory()
    bundle = notebook[0]._repr_mimebundle_()
    kinds, metadata = bundle if isinstance(bundle, tuple) else (bundle, {})
    assert tool.WIDGET in kinds
    new = nbformat.v4
    outputs = [new.new_output("display_data", kinds, metadata=metadata)]
    outputs += [new.new_output("display_data", {"image/png": "iVBO", "text/plain": "[picture]"})]
    nb = tool.clean(new.new_notebook(cells=[new.new_code_cell("live.laboratory()", outputs=outputs)]))
    first, second = nb.cells[0].outputs
    assert first.data == {"text/plain": "[interactive: run this cell in JupyterLab or Colab]"}
    assert second.data["image/png"] == "iVBO"


def test_without_widgets_a_line_and_the_picture_remain(monkeypatch, capsys, no_pictures):
    lab = laboratory(rounds=5)  # a script
    said = capsys.readouterr().out
    assert said.startswith("No widget outside of a notebook.") and "covered" in said and lab.round == 5
    monkeypatch.setattr(bridge, "get_ipython", lambda: SimpleNamespace(kernel=object()))
    monkeypatch.setitem(sys.modules, "anywidget", None)
    laboratory()
    live.explore(Table(1, 2, 2), 4)
    said = capsys.readouterr().out.splitlines()
    assert len(said) == 2 and all("anywidget is missing" in line for line in said)
    assert len(no_pictures) == 2


FILES = importlib.resources.files("gan_helpers.live")


def test_scripts_are_small_self_contained_and_part_of_the_package():
    for name in ("laboratory.js", "explore.js", "kit.js"):
        text = (FILES / name).read_text()
        assert len(text.splitlines()) <= 150, name
        assert not re.search(r"https?:|\bimport\b|fetch\(|eval\(|innerHTML", text), name
    assert '"gan_helpers.live" = ["*.js", "*.css"]' in (ROOT / "pyproject.toml").read_text()


def test_python_and_javascript_agree_on_the_form_of_a_frame():
    text = (FILES / "laboratory.js").read_text()
    assert f"N = {plane.FIELD}, UNIT = 16384" in text
    assert f"k % {2 * plane.ALONG} " in text and f"k += {len(plane.COLUMNS)})" in text
    layers = re.search(r"const LAYERS = \{(.*?)\}", text)[1]
    assert tuple(re.findall(r"(\w+):", layers)) == plane.Layers._fields
    for script, verbs in (("laboratory.js", plane.VERBS), ("explore.js", latent.VERBS)):
        asked = set(re.findall(r'do: "(\w+)"', (FILES / script).read_text()))
        asked |= set(re.findall(r'change\("(\w+)"', (FILES / script).read_text()))
        assert asked == set(verbs), script


CHROMIUM = "--headless --no-sandbox --disable-gpu --no-first-run --disable-background-networking"
CELL = """\
from gan_helpers import live
lab = live.laboratory()
"""
SETTINGS = {
    "apputils-extension/notification": {"fetchNews": "false", "checkForUpdates": False},
    "notebook-extension/tracker": {"windowingMode": "none"},
}


@pytest.fixture
def page(tmp_path, monkeypatch):
    """JupyterLab in headless Chromium, with one notebook of one cell, which has been run."""
    api = pytest.importorskip("playwright.sync_api")
    if shutil.which("chromium") is None:
        pytest.skip("chromium is not installed")
    import nbformat

    cells = [nbformat.v4.new_code_cell(CELL)]
    kernel = {"display_name": "Python 3 (ipykernel)", "language": "python", "name": "python3"}
    nb = nbformat.v4.new_notebook(cells=cells, metadata={"kernelspec": kernel})
    nbformat.write(nb, tmp_path / "game.ipynb")
    for name, values in SETTINGS.items():
        file = tmp_path / f"settings/@jupyterlab/{name}.jupyterlab-settings"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(json.dumps(values))
    for name in ("HOME", "IPYTHONDIR", "JUPYTER_CONFIG_DIR", "JUPYTER_DATA_DIR", "JUPYTERLAB_WORKSPACES_DIR"):
        monkeypatch.setenv(name, str(tmp_path / name))
    monkeypatch.setenv("JUPYTERLAB_SETTINGS_DIR", str(tmp_path / "settings"))
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{free.getsockname()[1]}"
    options = f"--no-browser --allow-root --port={url.rpartition(':')[2]} --IdentityProvider.token="
    server = subprocess.Popen(
        [sys.executable, "-m", "jupyterlab", *options.split()],
        cwd=tmp_path,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        with api.sync_playwright() as playwright:
            chromium = shutil.which("chromium")
            browser = playwright.chromium.launch(executable_path=chromium, args=CHROMIUM.split())
            page = browser.new_page(viewport={"width": 1300, "height": 1000})
            page.set_default_timeout(60_000)
            for _ in range(120):
                try:
                    page.goto(f"{url}/lab/tree/game.ipynb?reset")
                    break
                except api.Error:
                    page.wait_for_timeout(500)
            page.wait_for_selector(".jp-Notebook-ExecutionIndicator[data-status='idle']")
            page.wait_for_timeout(1000)
            page.click(".lm-MenuBar-item:has-text('Run')")
            page.click(".lm-Menu-item[data-command='runmenu:run-all']")
            page.wait_for_selector(".gl")
            yield page
            browser.close()
    finally:
        server.terminate()
        server.wait(30)


def test_in_jupyterlab_the_game_plays_and_learns_what_the_mouse_draws(page):
    def state(pattern):  # waits for a line that matches, which is the only time limit
        script = "p => new RegExp(p).test(document.querySelector('.gl-words').innerText)"
        page.wait_for_function(script, arg=pattern)
        return page.inner_text(".gl-words")

    def press(name):
        page.get_by_role("button", name=name, exact=True).click()

    assert int(state(r"^Round [3-9]\d\d: .* of 8 clusters")[6:9]) >= 300  # it plays by itself, from 250 on
    box = page.locator(".gl-plane").bounding_box()
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(x + 90, y - 90, steps=30)
    page.mouse.up()
    state("patches covered")
    press("Play or pause")
    page.wait_for_timeout(500)  # frames under way
    played = int(re.match(r"Round (\d+)", page.inner_text(".gl-words"))[1])
    press("Play one round")
    state(f"^Round {played + 1}:")
    press("Next of the six stages of a round")
    state(f"^Round {played + 2}, stage 1 of 6")
    page.locator("[aria-label^='Learning rate of D']").focus()
    page.keyboard.press("ArrowLeft")  # which JupyterLab would take for itself
    page.wait_for_function("document.querySelectorAll('.gl-field output')[1].value === '0.004'")


@pytest.mark.skipif(shutil.which("node") is None, reason="node is not installed")
@pytest.mark.parametrize("script", ["laboratory.js", "explore.js"])
def test_scripts_are_valid(script, tmp_path):
    path = tmp_path / "widget.mjs"
    path.write_text(bridge.text("kit.js") + bridge.text(script))
    found = subprocess.run(["node", "--check", path], capture_output=True, text=True, check=False)
    assert found.returncode == 0, found.stderr
