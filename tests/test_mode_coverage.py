"""Counting modes: perfect samplers, their floor, and samplers that a weaker count would praise."""

import math

import pytest
import torch

from gan_helpers import data
from gan_helpers.metrics import mode_coverage, reverse_kl, reverse_kl_floor

RING = data.ring_centres()


@pytest.mark.parametrize(("toy", "std", "modes"), [("ring", 0.02, 8), ("grid", 0.05, 25)])
def test_a_perfect_sampler_reads_what_theory_says(toy, std, modes):
    centres = data.ring_centres() if toy == "ring" else data.grid_centres()
    reports = [mode_coverage(data.toy(toy, 2500, seed=seed), centres, std) for seed in range(20)]
    assert all(r.modes == modes and int(r.hits.sum()) == round(2500 * r.high_quality) for r in reports)
    quality = sum(r.high_quality for r in reports) / 20
    assert quality == pytest.approx(1 - math.exp(-4.5), abs=0.002)
    kl, floor = (sum(getattr(r, name) for r in reports) / 20 for name in ("reverse_kl", "floor"))
    assert kl == pytest.approx(floor, rel=0.25) and floor == pytest.approx((modes - 1) / 5000, rel=0.03)


@pytest.mark.parametrize(
    ("n", "floor"), [(26_000, 0.0193), (10_000, 0.0509), (5_000, 0.1046), (2_000, 0.2846), (1_000, 0.5730)]
)
def test_the_floor_of_a_thousand_modes(n, floor):
    assert reverse_kl_floor(n, 1000) == pytest.approx(floor, abs=5e-5)


def test_the_floor_on_paper():
    # Two draws from two modes: both in one (KL = log 2) or one in each (0), half and half.
    assert reverse_kl_floor(2, 2) == pytest.approx(math.log(2) / 2, abs=1e-12)
    assert reverse_kl_floor(1, 7) == pytest.approx(math.log(7), abs=1e-12)
    assert reverse_kl_floor(5, 1) == 0


def test_reverse_kl_on_paper():
    assert reverse_kl(torch.tensor([5, 5, 5])) == pytest.approx(0, abs=1e-15)
    assert reverse_kl(torch.tensor([7, 0, 0, 0])) == pytest.approx(math.log(4), abs=1e-12)
    assert reverse_kl(torch.tensor([3, 1])) == pytest.approx(
        0.75 * math.log(1.5) + 0.25 * math.log(0.5), abs=1e-12
    )
    assert reverse_kl(torch.zeros(4)) == math.inf
    for wrong in (
        torch.tensor([-1, 2]),
        torch.zeros(2, 2),
        torch.tensor([math.nan, 1.0]),
        torch.zeros(0),
        torch.tensor([1j]),
        [5, 5, 5],
    ):
        with pytest.raises(ValueError, match="counts must be"):
            reverse_kl(wrong)


def test_a_point_counts_within_three_sigma_of_its_nearest_centre_only():
    offset = torch.tensor([[0.59, 0.0], [0.61, 0.0], [-0.59, 0.0]])  # of the first centre, with std 0.2
    r = mode_coverage(RING[:1] + offset, RING, 0.2)
    assert r.hits.tolist() == [2, 0, 0, 0, 0, 0, 0, 0] and r.high_quality == pytest.approx(2 / 3)
    assert r.modes == 1 and r.reverse_kl == pytest.approx(math.log(8))


def test_the_threshold_is_a_fifth_of_the_fair_share_of_all_points():
    # 80 points, 8 modes: the fair share is 10, so a mode needs two. One is not enough.
    far = torch.full((80, 2), 50.0)
    for hits, modes in ((1, 0), (2, 1)):
        points = torch.cat([RING[3].repeat(hits, 1), far[hits:]])
        assert mode_coverage(points, RING, 0.02).modes == modes
    two = torch.cat([RING[3:4], far[1:]])
    assert mode_coverage(two, RING, 0.02, share=0.1).modes == 1


def test_half_the_modes():
    x = torch.cat([RING[:4].repeat(100, 1)])
    r = mode_coverage(x, RING, 0.02)
    assert (r.modes, r.high_quality) == (4, 1.0) and r.reverse_kl == pytest.approx(math.log(2), abs=1e-12)


def test_noise_is_not_credited_with_modes():
    """A uniform ring: at least one point within 3σ of every centre, and yet no mode is covered."""
    angle = 2 * math.pi * torch.rand(2500, generator=data.make_generator(0))
    r = mode_coverage(2 * torch.stack([angle.cos(), angle.sin()], 1), RING, 0.02)
    assert (r.hits >= 1).all() and r.modes <= 2 and r.high_quality < 0.1
    assert r.reverse_kl < 0.05  # and the KL alone would praise it: read all three


def test_no_point_of_high_quality():
    r = mode_coverage(torch.zeros(100, 2), RING, 0.02)
    assert (r.modes, r.high_quality, r.reverse_kl) == (0, 0.0, math.inf)
    assert r.reverse_kl - r.floor == math.inf and r.hits.shape == (8,)


def test_it_counts_as_notebook_04_does():
    for seed in range(5):
        x = data.ring(2500, seed=seed, std=0.1) + 0.2 * torch.randn(
            2500, 2, generator=data.make_generator(seed)
        )
        distance, mode = torch.cdist(x, RING).min(-1)
        hits = (torch.nn.functional.one_hot(mode, 8) * (distance < 0.3)[:, None]).sum(0)
        r = mode_coverage(x, RING, 0.1)
        assert r.modes == int((hits >= 0.2 * 2500 / 8).sum()) and torch.equal(r.hits, hits)


@pytest.mark.parametrize(
    ("points", "std", "share", "message"),
    [
        (torch.zeros(5, 3), 0.1, 0.2, "differ in dimension"),
        (torch.zeros(0, 2), 0.1, 0.2, "points has 0 sample"),
        (torch.zeros(5), 0.1, 0.2, "points must be"),
        (torch.full((5, 2), math.nan), 0.1, 0.2, "NaN or infinity in 5 of 5"),
        (torch.zeros(5, 2), 0.0, 0.2, "positive std"),
        (torch.zeros(5, 2), math.nan, 0.2, "positive std"),
        (torch.zeros(5, 2), 0.1, 0.0, "share in"),
        (torch.zeros(5, 2), 0.1, 1.5, "share in"),
    ],
)
def test_wrong_arguments_are_refused(points, std, share, message):
    with pytest.raises(ValueError, match=message):
        mode_coverage(points, RING, std, share=share)
