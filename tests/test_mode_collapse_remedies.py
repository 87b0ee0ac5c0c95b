"""The remedies of deeper notebook 08, each on a case whose answer is known on paper."""

import json
import sys
from itertools import pairwise
from pathlib import Path

import pytest
import torch
from torch import nn

from gan_helpers.losses import L_D, L_G, regularised, relativistic
from gan_helpers.training import play_many

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "benchmarks"))
import nb08_mode_collapse_cures as cures  # noqa: E402
import recorder  # noqa: E402


@pytest.fixture(scope="module")
def book():
    return recorder.take("deeper/08_mode_collapse", "record")


def test_the_recorder_tries_what_the_record_holds(book):
    record = json.loads((ROOT / "gan_helpers" / "records" / "nb08_mode_collapse_cures.json").read_text())
    remedies = cures.all_remedies(book)
    assert set(remedies) == set(record["chosen"])
    for name, settings in remedies.items():
        if len(settings) > 1:
            assert set(settings) == set(record["selection"][name]), name
        assert record["chosen"][name] in settings


def test_what_is_misplaced(book):
    fair = torch.full((9,), 2500 * book.WITHIN / 9)
    assert book.misplaced(fair) == pytest.approx(0, abs=1e-6)
    one = torch.zeros(9)
    one[3] = 2500 * book.WITHIN
    assert book.misplaced(one) == pytest.approx(book.WITHIN * 8 / 9, abs=1e-6)
    assert book.misplaced(torch.zeros(9)) == pytest.approx(book.WITHIN, abs=1e-6)


def test_a_pack_holds_neighbours_side_by_side(book):
    x = torch.arange(12.0).view(6, 2)
    assert book.Pack(3)(x).tolist() == [[0, 1, 2, 3, 4, 5], [6, 7, 8, 9, 10, 11]]


def test_the_spread_of_a_group_is_one_more_feature(book):
    x = torch.tensor([[0.0, 1.0], [2.0, 1.0], [5.0, 5.0], [5.0, 5.0]])
    out = book.Spread(2)(x)
    assert torch.equal(out[:, :2], x)
    assert out[:, 2].tolist() == pytest.approx([0.5, 0.5, 0, 0], abs=1e-3)  # deviations 1 and 0; 0 and 0


def test_neighbours_count_equal_samples_of_their_group_only(book):
    layer = book.Neighbours(4, 3, 2, seed=5)
    x = torch.randn(1, 64).repeat(8, 1)
    assert torch.allclose(layer(x)[:, 64:], torch.full((8, 3), 3.0))  # three others at distance 0
    x[4:] = 1000 * torch.randn(4, 64)
    out = layer(x)[:, 64:]
    assert torch.allclose(out[:4], torch.full((4, 3), 3.0)) and out[4:].max() < 1e-3


def test_the_mean_of_several_losses_is_the_loss_of_several(book):
    nets = [nn.Linear(2, 1), nn.Linear(2, 1)]
    x, y = torch.randn(5, 2), torch.randn(5, 2)
    together = L_D(book.Several(nets), x, y)
    assert together.item() == pytest.approx(sum(L_D(net, x, y).item() for net in nets) / 2, abs=1e-6)


def test_a_spectral_layer_stretches_by_one(book):
    layer = nn.Linear(3, 3, bias=False)
    with torch.no_grad():
        layer.weight.copy_(torch.diag(torch.tensor([5.0, 1.0, 0.5])))
    out = book.Spectral(layer)(torch.eye(3))
    assert torch.allclose(out, torch.diag(torch.tensor([1.0, 0.2, 0.1])), atol=1e-4)
    D = book.spectral(4.0)["make_D"](0)
    steep = [m for m in D.modules() if isinstance(m, book.Spectral)]
    assert len(steep) == 3 and D[-1].factor == 4.0


def test_instance_noise_blurs_both_sides_alike_and_can_be_turned_off(book):
    options = book.instance_noise(0.8)
    blur, G = options["blur"], options["make_G"](0)
    z = torch.randn(20_000, 4, generator=torch.Generator().manual_seed(1))
    fakes = G(z).detach() - G.net(z[:, :2]).detach()
    real = next(book.blurred([torch.zeros(20_000, 2)], blur, 0))
    assert fakes.std().item() == pytest.approx(0.8, abs=0.02)
    assert real.std().item() == pytest.approx(0.8, abs=0.02)
    blur.now = 0.0
    assert torch.equal(G(z), G.net(z[:, :2]))
    assert torch.equal(next(book.blurred([torch.ones(3, 2)], blur, 0)), torch.ones(3, 2))


def test_a_reset_draws_its_share_anew_at_its_step_and_nothing_else(book):
    G, D, *_ = book.new_games([0, 1])
    before = {name: p.detach().clone() for name, p in D.params.items()}
    reset = book.resetting("D", 20, share=0.1)["reset"]
    reset(19, G, D)
    assert all(torch.equal(p, before[name]) for name, p in D.params.items())
    reset(20, G, D)
    weights = [name for name, p in D.params.items() if p.ndim == 3]
    changed = torch.cat([(D.params[name] != before[name]).float().flatten() for name in weights])
    assert changed.mean().item() == pytest.approx(0.1, abs=0.02)
    before = {name: p.detach().clone() for name, p in D.params.items()}
    book.resetting("D", 20, last=True)["reset"](40, G, D)
    moved = [name for name, p in D.params.items() if not torch.equal(p, before[name])]
    assert moved and set(moved) <= set(list(D.params)[-2:])


def test_unrolling_by_steps_of_no_length_is_the_plain_game(book):
    def end(play):
        G, D, *opts = book.new_games([0, 1])
        batches = [torch.randn(3, 64, 2, generator=torch.Generator().manual_seed(k)).unbind() for k in (0, 1)]
        for _ in play(G, D, *opts, batches, 2, seeds=[5, 6], loss=(L_D, L_G), d_steps=1):
            pass
        return torch.cat([p.detach().flatten() for p in G.params.values()])

    plain, still, ahead = (
        end(p) for p in (play_many, book.unrolled(5, 0.0)["play"], book.unrolled(5, 0.1)["play"])
    )
    assert torch.allclose(plain, still, atol=1e-5)
    assert (plain - ahead).abs().max() > 1e-3


def test_the_rate_falls_from_one_to_nearly_nothing(book):
    values = [book.falling(step, 100) for step in range(101)]
    assert values[0] == 1 and values[50] == pytest.approx(0.5) and values[-1] == pytest.approx(1e-3)
    assert all(a >= b for a, b in pairwise(values))


def test_the_three_lines_of_the_lesson_are_the_package_s_losses():
    lesson = recorder.take("08_mode_collapse", "three-lines")
    net = nn.Sequential(nn.Linear(2, 8), nn.Tanh(), nn.Linear(8, 1))
    x, y = torch.randn(6, 2), torch.randn(6, 2)
    ours = lesson.paired_D(net, x, y) + 0.5 * (lesson.slope_penalty(net, x) + lesson.slope_penalty(net, y))
    cure = regularised(relativistic, r1=0.5, r2=0.5)
    assert ours.item() == pytest.approx(cure[0](net, x, y).item(), abs=1e-6)
    assert lesson.paired_G(net, x, y).item() == pytest.approx(cure[1](net, x, y).item(), abs=1e-6)
    ours_slope, theirs = (torch.autograd.grad(v, net[0].weight)[0] for v in (ours, cure[0](net, x, y)))
    assert torch.allclose(ours_slope, theirs, atol=1e-6)
