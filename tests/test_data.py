"""Toys, images, splits and batches: answers that are known on paper."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from gan_helpers import data
from gan_helpers.data import (
    TOYS,
    DataError,
    Images,
    NotAvailable,
    batches,
    checkerboard,
    digits8,
    grid,
    grid_centres,
    images,
    load_images,
    make_generator,
    mixture_1d,
    mixture_density,
    ring,
    ring_centres,
    spirals,
    split,
    take,
    toy,
    two_moons,
)


@pytest.fixture(autouse=True)
def own_cache(tmp_path, monkeypatch):
    """No test sees the user's cache, data folder or network."""
    monkeypatch.setenv("GAN_CACHE_DIR", str(tmp_path / "cache"))
    monkeypatch.setenv("GAN_OFFLINE", "1")
    monkeypatch.delenv("GAN_DATA_DIR", raising=False)


@pytest.fixture(autouse=True)
def global_random_state_is_left_alone():
    """Neither read nor advanced: it is the same after every test of this file."""
    torch_before = torch.get_rng_state()
    numpy_before = np.random.get_state()[1].copy()  # noqa: NPY002 (the state to be left alone)
    yield
    assert torch.equal(torch.get_rng_state(), torch_before)
    assert np.array_equal(np.random.get_state()[1], numpy_before)  # noqa: NPY002


def numbered(n: int) -> Images:
    """Images that carry their own number, so that a split can be audited."""
    number = torch.arange(n)
    return Images(number.float().view(-1, 1, 1, 1), number, "numbered")


# ---------------------------------------------------------------- seeds


@pytest.mark.parametrize("name", TOYS)
def test_toy_has_shape_type_and_seed(name):
    x = toy(name, 300, seed=3)
    assert x.shape == (300, 2) and x.dtype == torch.float32 and x.isfinite().all()
    assert torch.equal(x, toy(name, 300, seed=3)), "an int repeats"
    assert not torch.equal(x, toy(name, 300, seed=4))
    generator = torch.Generator().manual_seed(3)
    assert torch.equal(x, toy(name, 300, seed=generator)), "a fresh generator is the int"
    assert not torch.equal(x, toy(name, 300, seed=generator)), "and advances"


@pytest.mark.parametrize("name", TOYS)
def test_toy_does_not_depend_on_the_global_seed(name):
    with torch.random.fork_rng():
        torch.manual_seed(1)
        first = toy(name, 20, seed=0)
        torch.manual_seed(2)
        assert torch.equal(first, toy(name, 20, seed=0))


@pytest.mark.parametrize("n", [0, -1, 2.5, "10", None, True])
@pytest.mark.parametrize("make", [*TOYS.values(), mixture_1d, data.rendered])
def test_bad_sizes_are_refused(make, n):
    with pytest.raises(ValueError, match=r"n must be an integer of at least 1, got "):
        make(n, seed=0)


@pytest.mark.parametrize("seed", [1.5, None, "0", True])
def test_bad_seeds_are_refused(seed):
    with pytest.raises(ValueError, match="seed must be an integer"):
        ring(3, seed=seed)


def test_negative_seeds_are_fine():
    assert ring(3, seed=-1).shape == (3, 2)


@pytest.mark.parametrize("kind", [np.int64, np.uint8])
def test_integers_of_numpy_are_integers(kind):
    five, three = kind(5), kind(3)
    for make in (*TOYS.values(), mixture_1d):
        assert torch.equal(make(five, seed=three), make(5, seed=3))
    assert torch.equal(ring(five, seed=0, modes=three), ring(5, seed=0, modes=3))
    assert torch.equal(grid(five, seed=0, side=three), grid(5, seed=0, side=3))
    assert torch.equal(spirals(five, seed=0, arms=three), spirals(5, seed=0, arms=3))
    assert torch.equal(data.rendered(five, seed=three).images, data.rendered(5, seed=3).images)
    assert torch.equal(
        load_images("digits8", five, seed=three).images, load_images("digits8", 5, seed=3).images
    )
    drawn, plain = (list(batches(torch.arange(9), a, seed=b, steps=b)) for a, b in ((five, three), (5, 3)))
    assert len(drawn) == 3 and all(torch.equal(x, y) for x, y in zip(drawn, plain, strict=True))


def test_a_generator_of_another_device_is_refused():
    class Elsewhere(torch.Generator):
        device = torch.device("cuda")

    with pytest.raises(ValueError, match="CPU generator"):
        make_generator(Elsewhere())


def test_unknown_toy_lists_the_known():
    with pytest.raises(ValueError, match="unknown toy 'rings'; known: ring, grid, two_moons"):
        toy("rings", 10, seed=0)


def test_options_reach_the_toy_and_the_device_is_honoured():
    assert torch.equal(toy("ring", 9, seed=0, modes=3), ring(9, seed=0, modes=3))
    assert ring(4, seed=0, device="meta").device.type == "meta"


# ---------------------------------------------------------------- points in the plane


def test_ring_centres_are_on_the_circle():
    centres = ring_centres()
    expected = [[2, 0], [math.sqrt(2), math.sqrt(2)], [0, 2]]
    assert torch.allclose(centres[:3], torch.tensor(expected), atol=1e-6)
    assert centres.shape == (8, 2)
    assert torch.allclose(centres.norm(dim=1), torch.full((8,), 2.0))
    assert torch.allclose(ring_centres(5, 1.0).sum(0), torch.zeros(2), atol=1e-6)


def test_grid_centres_are_the_25_lattice_points():
    ticks = (-4, -2, 0, 2, 4)
    assert {tuple(c) for c in grid_centres().tolist()} == set(itertools.product(ticks, ticks))
    assert len(grid_centres()) == 25


@pytest.mark.parametrize(
    ("x", "centres", "std"),
    [
        (ring(200_000, seed=0), ring_centres(), 0.02),
        (grid(200_000, seed=0), grid_centres(), 0.05),
        (ring(200_000, seed=1, modes=3, radius=1.0, std=0.1), ring_centres(3, 1.0), 0.1),
    ],
    ids=["ring", "grid", "ring of three"],
)
def test_modes_are_gaussian_and_equally_likely(x, centres, std):
    distance, mode = torch.cdist(x, centres).min(1)
    # In the plane 1 - exp(-k²/2) lies within k standard deviations; five standard errors.
    for k in (1, 2, 3):
        inside = 1 - math.exp(-k * k / 2)
        tolerance = 5 * math.sqrt(inside * (1 - inside) / len(x))
        assert (distance < k * std).double().mean().item() == pytest.approx(inside, abs=tolerance)
    share = torch.bincount(mode, minlength=len(centres)) / len(x)
    error = math.sqrt(1 / len(centres) / len(x))
    assert (share - 1 / len(centres)).abs().max() < 5 * error
    # Both coordinates, each with its own standard deviation.
    residual = (x - centres[mode]).std(0)
    assert torch.allclose(residual, torch.full((2,), std), rtol=0.01)


def test_ring_has_mean_radius_two():
    # E|c + noise| = 2 + std² / (2 * 2) to second order; the standard error is 1e-4.
    radius = ring(40_000, seed=0).norm(dim=1)
    assert radius.mean().item() == pytest.approx(2.0001, abs=5e-4)


def test_two_moons_without_noise_are_half_circles():
    x = two_moons(4000, seed=0, noise=0.0)
    upper = ((x.norm(dim=1) - 1).abs() < 1e-5) & (x[:, 1] > -1e-5)
    lower_distance = (x - torch.tensor([1.0, 0.5])).norm(dim=1)
    lower = ((lower_distance - 1).abs() < 1e-5) & (x[:, 1] < 0.5 + 1e-5)
    assert (upper | lower).all()
    assert upper.double().mean().item() == pytest.approx(0.5, abs=0.04)
    noise = (two_moons(4000, seed=0) - x).std().item()
    assert noise == pytest.approx(0.05, abs=0.002)


def test_spirals_without_noise_have_arms_that_turn():
    x = spirals(4000, seed=0, noise=0.0, arms=3, turns=0.25)
    radius, angle = x.norm(dim=1), torch.atan2(x[:, 1], x[:, 0])
    arm = (angle - 2 * math.pi * 0.25 * radius / 2) / (2 * math.pi / 3)
    assert (arm - arm.round()).abs()[radius > 0.01].max() < 1e-3
    counts = torch.bincount(arm.round().long() % 3)
    assert len(counts) == 3 and counts.min() > 1200 and counts.max() < 1467
    assert radius.max() <= 2 and radius.mean().item() == pytest.approx(1.0, abs=0.05)
    assert (spirals(4000, seed=0, arms=3, turns=0.25) - x).std().item() == pytest.approx(0.03, abs=0.002)


def test_checkerboard_lies_on_its_squares_evenly():
    x = checkerboard(40_000, seed=0)
    assert x.min() >= -4 and x.max() < 4
    square = ((x + 4) / 2).floor().long()
    assert (square.sum(1) % 2 == 0).all()  # the black ones
    share = torch.bincount(square[:, 0] * 4 + square[:, 1], minlength=16) / len(x)
    assert (share > 0).sum() == 8
    assert (share[share > 0] - 1 / 8).abs().max() < 5 * math.sqrt(1 / 8 * 7 / 8 / len(x))
    within = ((x + 4) % 2).mean(0)
    assert torch.allclose(within, torch.ones(2), atol=0.02)


# ---------------------------------------------------------------- mixtures


def test_density_of_one_gaussian_is_the_formula():
    x = torch.tensor([0.0, 1.0, -2.0], dtype=torch.float64)
    expected = torch.exp(-0.5 * ((x - 1) / 2) ** 2) / (2 * math.sqrt(2 * math.pi))
    assert torch.allclose(mixture_density(x, [1.0], 2.0), expected, rtol=1e-14)
    origin = torch.zeros(1, 2, dtype=torch.float64)
    peak = mixture_density(origin, [[0.0, 0.0]], 0.1).item()
    assert peak == pytest.approx(1 / (2 * math.pi * 0.01), rel=1e-13)


def test_densities_integrate_to_one():
    x = torch.linspace(-30, 30, 60_001, dtype=torch.float64)
    p = mixture_density(x, [-3.0, 0.0, 5.0], [0.1, 2.0, 1.0], [1.0, 5.0, 2.0])
    assert p.dtype == torch.float64
    assert torch.trapezoid(p, x).item() == pytest.approx(1, abs=1e-10)
    ticks = torch.linspace(-3, 3, 601, dtype=torch.float64)
    q = mixture_density(torch.cartesian_prod(ticks, ticks), ring_centres().double(), 0.1)
    assert (q.sum() * 0.01**2).item() == pytest.approx(1, abs=1e-10)


def test_density_weights_are_normalised_and_far_tails_are_zero():
    x = torch.tensor([-1.0, 1.0, 1000.0])
    p = mixture_density(x, [-1.0, 1.0], [0.1, 0.1], [3, 1])
    assert p.dtype == torch.float32
    assert (p[0] / p[1]).item() == pytest.approx(3, rel=1e-5)
    assert p[2] == 0


def test_mixture_1d_has_the_moments_of_its_parameters():
    x = mixture_1d(200_000, seed=0, means=(-1.0, 3.0), stds=(0.5, 1.0), weights=(3.0, 1.0))
    assert x.shape == (200_000,) and x.dtype == torch.float32
    assert x.mean().item() == pytest.approx(0.0, abs=0.025)
    variance = 0.75 * (0.25 + 1) + 0.25 * (1 + 9)
    assert x.var().item() == pytest.approx(variance, rel=0.02)
    assert torch.equal(x[:9], mixture_1d(200_000, seed=0, means=(-1.0, 3.0), stds=(0.5, 1.0),
                                         weights=(3.0, 1.0))[:9])  # fmt: skip


def test_mixture_1d_follows_its_density():
    x = mixture_1d(100_000, seed=1)
    edges = torch.linspace(-5, 5, 41, dtype=torch.float64)
    counts = torch.histogram(x.double(), edges).hist / len(x)
    middle = (edges[1:] + edges[:-1]) / 2
    expected = mixture_density(middle, (-2.0, 2.0), 0.5) * 0.25
    assert (counts - expected).abs().max() < 0.006


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"means": []}, "one entry per mode"),
        ({"means": 1.0}, "one entry per mode"),
        ({"means": [0.0, 1.0], "stds": [1.0]}, "one entry per mode"),
        ({"means": [0.0, 1.0], "weights": [1.0]}, "one entry per mode"),
        ({"stds": 0.0}, "must be positive"),
        ({"weights": [1.0, -1.0]}, "must be positive"),
        ({"stds": [0.5, math.nan]}, "must be positive"),
        ({"stds": math.inf}, "must be finite"),
        ({"means": [0.0, math.nan]}, "must be finite"),
        ({"weights": [1.0, math.inf]}, "must be finite"),
        ({"means": [[0.0, 1.0], [1.0, 1.0]]}, "list of numbers"),
    ],
)
def test_bad_mixtures_are_refused(options, message):
    with pytest.raises(ValueError, match=message):
        mixture_1d(5, seed=0, **options)


def test_density_takes_floats_only():
    """Whole numbers would turn means ±2.5 into ±2 and a std of 0.5 into 0."""
    x, means = torch.arange(5.0), [-2.5, 2.5]
    assert mixture_density(x, means, 1).tolist() == pytest.approx(
        [0.018, 0.065, 0.176, 0.176, 0.065], abs=6e-4
    )
    assert mixture_density(x.double(), [-2, 2], 0.5).dtype == torch.float64
    for wrong, got in ((x.long(), "torch.int64"), (x > 1, "torch.bool"), (x.cfloat(), "torch.complex64"),
                       (x.tolist(), "list"), (x.numpy(), "ndarray")):  # fmt: skip
        with pytest.raises(ValueError, match=f"x must be a tensor of floats, got {got}: pass x.float()"):
            mixture_density(wrong, means, 1)


@pytest.mark.parametrize("shape", [(4, 2), (4, 1, 1), ()])
def test_density_refuses_shapes_that_do_not_fit(shape):
    with pytest.raises(ValueError, match=r"x \(n,\) needs means \(modes,\)"):
        mixture_density(torch.zeros(shape), [0.0, 1.0], 1.0)
    with pytest.raises(ValueError, match=r"got \(4, 3\) and \(1, 2\)"):
        mixture_density(torch.zeros(4, 3), [[0.0, 1.0]], 1.0)


# ---------------------------------------------------------------- images


def test_digits8_is_the_bundled_set():
    x = digits8()
    assert x.images.shape == (1797, 1, 8, 8) and x.images.dtype == torch.float32
    assert x.images.min() == -1 and x.images.max() == 1
    assert x.labels.dtype == torch.int64 and x.name == "digits8" and x.factors is None
    # Facts of the bundled file: its first ten labels are 0..9, its first row is 0 0 5 13 9 1 0 0.
    assert x.labels[:10].tolist() == list(range(10))
    assert ((x.images[0, 0, 0] + 1) * 8).tolist() == [0, 0, 5, 13, 9, 1, 0, 0]
    assert digits8(device="meta").labels.device.type == "meta"


def test_take_keeps_images_labels_and_factors_together():
    x = data.rendered(12, seed=0)
    index = torch.tensor([7, 2, 2])
    y = take(x, index)
    assert torch.equal(y.images, x.images[index])
    assert torch.equal(y.labels, x.labels[index])
    assert torch.equal(y.factors.slant, x.factors.slant[index])
    assert torch.equal(data.render_digits(y.factors), y.images)
    assert len(take(x, x.labels < 0).images) == 0


def test_load_images_says_in_one_line_what_it_loaded(capsys):
    x = load_images("digits8", 100)
    line = capsys.readouterr().out
    assert line == (
        "images: digits8, 100 of 8×8 "
        '(choose with load_images("mnist" | "fashion_mnist" | "rendered" | "digits8"))\n'
    )
    assert len(x.images) == len(x.labels) == 100
    everything = load_images("digits8")
    assert torch.equal(everything.images, digits8().images), "all of them come in their own order"
    again = load_images("digits8", 100)
    assert torch.equal(x.images, again.images)
    other = load_images("digits8", 100, seed=1)
    assert not torch.equal(x.images, other.images)
    assert not torch.equal(x.labels, digits8().labels[:100]), "a subset is drawn, not cut off"


def test_load_images_rendered_takes_size_and_seed(capsys):
    x = load_images("rendered", 30, seed=5)
    assert x.images.shape == (30, 1, 28, 28)
    assert torch.equal(x.images, data.rendered(30, seed=5).images)
    assert "rendered, 30 of 28×28" in capsys.readouterr().out


def test_auto_falls_back_to_rendered_with_the_same_line_every_time(capsys, tmp_path, monkeypatch):
    x = load_images(n=20)
    line = capsys.readouterr().out
    assert x.name == "rendered" and x.images.shape == (20, 1, 28, 28) and x.factors is not None
    assert line == (
        "images: rendered, 20 of 28×28 (MNIST is not on this disk and was not downloaded: "
        'load_images("mnist") tries longer and says why)\n'
    )
    load_images("auto", 20)
    assert capsys.readouterr().out == line
    monkeypatch.setenv("GAN_DATA_DIR", str(tmp_path))  # it may hold other data
    load_images("auto", 20)
    asked = capsys.readouterr().out
    assert asked == line.replace("on this disk", "in GAN_DATA_DIR or the cache") != line
    assert str(tmp_path) not in asked


def test_auto_takes_mnist_if_there_is_one_within_few_seconds(capsys, monkeypatch):
    asked = []

    def small_mnist(*, device, seconds):
        asked.append(seconds)
        return numbered(50)._replace(name="mnist")

    monkeypatch.setattr(images, "mnist", small_mnist)
    x = load_images("auto", 10)
    assert x.name == "mnist" and len(x.images) == 10 and asked == [images.AUTO_SECONDS]
    assert 2 <= images.AUTO_SECONDS <= 10
    assert capsys.readouterr().out.startswith("images: mnist, 10 of 1×1 (choose with load_images(")


def test_auto_does_not_hide_a_damaged_file(monkeypatch):
    def damaged(**_):
        raise DataError("broken.gz is damaged")

    monkeypatch.setattr(images, "mnist", damaged)
    with pytest.raises(DataError, match=r"broken\.gz is damaged"):
        load_images("auto")
    assert issubclass(NotAvailable, DataError) and issubclass(DataError, RuntimeError)


def test_load_images_refuses_what_it_does_not_know():
    known = "known: auto, mnist, fashion_mnist, rendered, digits8"
    with pytest.raises(ValueError, match=f"unknown images 'cifar'; {known}"):
        load_images("cifar")
    with pytest.raises(ValueError, match="n is 2,000, but digits8 has 1,797 images"):
        load_images("digits8", 2000)
    with pytest.raises(ValueError, match="n must be an integer of at least 1, got 0"):
        load_images("digits8", 0)
    with pytest.raises(ValueError, match="unknown split 'test'; known: small, full"):
        data.mnist("test")


# ---------------------------------------------------------------- splits


@settings(max_examples=50)
@given(n=st.integers(20, 500), seed=st.integers(0, 10), cut=st.integers(10, 80))
def test_splits_are_disjoint_and_complete(n, seed, cut):
    fit, rest = cut / 100, (100 - cut) / 200
    parts = split(numbered(n), seed=seed, fit=fit, select=rest, report=rest)
    numbers = torch.cat([part.labels for part in parts])
    assert len(numbers) == n and set(numbers.tolist()) == set(range(n))
    for part in parts:
        assert torch.equal(part.images.flatten().long(), part.labels)
    assert abs(len(parts.fit.labels) - n * fit) <= 0.5
    assert abs(len(parts.report.labels) - n * rest) <= 0.5 + 1e-6


def test_split_sizes_names_and_seeds():
    parts = split(numbered(10_000))
    assert [len(part.images) for part in parts] == [6000, 2000, 2000]
    assert parts._fields == ("fit", "select", "report")
    assert torch.equal(parts.fit.labels, split(numbered(10_000), seed=0).fit.labels)
    other = split(numbered(10_000), seed=1).fit.labels
    assert not torch.equal(parts.fit.labels, other)
    assert parts.fit.labels.double().mean().item() == pytest.approx(4999.5, abs=200), "shuffled"


def test_split_carries_the_factors():
    x = data.rendered(50, seed=0)
    for part in split(x):
        assert torch.equal(data.render_digits(part.factors), part.images)
        assert torch.equal(part.factors.digit, part.labels)


@pytest.mark.parametrize("fractions", [(0.5, 0.2, 0.2), (1.0, 0.0, 0.0), (0.9, 0.3, -0.2)])
def test_split_refuses_fractions_that_do_not_add_up(fractions):
    fit, select, report = fractions
    with pytest.raises(ValueError, match="must be positive and add up to 1"):
        split(numbered(100), fit=fit, select=select, report=report)


def test_split_refuses_an_empty_part():
    with pytest.raises(ValueError, match="2 images are too few for three parts"):
        split(numbered(2))


# ---------------------------------------------------------------- batches


@settings(max_examples=40)
@given(n=st.integers(1, 60), size=st.integers(1, 60), seed=st.integers(0, 5))
def test_every_epoch_sees_every_sample_at_most_once(n, size, seed):
    if size > n:
        with pytest.raises(ValueError, match=f"batch_size is {size}, but there are only {n}"):
            batches(torch.arange(n), size, seed=seed)
        return
    per_epoch = n // size
    drawn = list(batches(torch.arange(n), size, seed=seed, steps=3 * per_epoch))
    assert len(drawn) == 3 * per_epoch and all(len(batch) == size for batch in drawn)
    for start in range(0, len(drawn), per_epoch):
        epoch = torch.cat(drawn[start : start + per_epoch])
        assert len(epoch.unique()) == len(epoch) == per_epoch * size
        assert 0 <= epoch.min() and epoch.max() < n


def test_epochs_differ_and_a_seed_repeats():
    stream = list(batches(torch.arange(100), 50, seed=0, steps=4))
    assert not torch.equal(torch.cat(stream[:2]), torch.cat(stream[2:]))
    assert sorted(torch.cat(stream[:2]).tolist()) == list(range(100))
    again = list(batches(torch.arange(100), 50, seed=0, steps=4))
    assert all(torch.equal(a, b) for a, b in zip(stream, again, strict=True))
    other = next(batches(torch.arange(100), 50, seed=1))
    assert not torch.equal(stream[0], other)


def test_what_is_left_out_changes_from_epoch_to_epoch():
    seen = torch.cat(list(batches(torch.arange(10), 9, seed=0, steps=40)))
    assert torch.bincount(seen, minlength=10).min() > 20


def test_batches_have_no_end_and_mix_the_classes():
    labels = torch.arange(10).repeat_interleave(100)  # sorted, as a file may be
    stream = batches(labels, 64, seed=0)
    for batch in itertools.islice(stream, 50):
        assert len(batch.unique()) >= 5
    assert len(next(stream)) == 64


def test_batches_of_a_tuple_stay_together():
    x = digits8()
    for pictures, labels in batches((x.images, x.labels), 32, seed=0, steps=3):
        assert pictures.shape == (32, 1, 8, 8) and labels.shape == (32,)
    for a, b in batches((torch.arange(20), torch.arange(20) * 3), 6, seed=0, steps=7):
        assert torch.equal(3 * a, b)


def test_a_generator_passed_to_batches_goes_on():
    generator = torch.Generator().manual_seed(0)
    first = next(batches(torch.arange(1000), 10, seed=generator))
    assert not torch.equal(first, next(batches(torch.arange(1000), 10, seed=generator)))


def test_a_batch_is_a_copy():
    x = torch.zeros(8, 2)
    next(batches(x, 8, seed=0)).fill_(1)
    assert (x == 0).all()


@pytest.mark.parametrize("bad", [0, -1, 1.5, True])
def test_batches_refuse_bad_sizes_at_once(bad):
    with pytest.raises(ValueError, match="batch_size must be an integer of at least 1"):
        batches(torch.zeros(4), bad, seed=0)
    with pytest.raises(ValueError, match="steps must be an integer of at least 1"):
        batches(torch.zeros(4), 2, seed=0, steps=bad)


def test_batches_refuse_other_things_than_tensors():
    with pytest.raises(TypeError, match=r"such as \(x\.images, x\.labels\)"):
        batches(digits8(), 4, seed=0)
    with pytest.raises(ValueError, match="batch_size is 5, but there are only 4 samples"):
        batches(torch.zeros(4), 5, seed=0)
    assert len(next(batches(torch.zeros(4), 4, seed=0))) == 4
    with pytest.raises(TypeError, match="pass a tensor or a tuple"):
        batches([torch.zeros(4)], 4, seed=0)
    with pytest.raises(ValueError, match=r"equally long, got \[4, 5\]"):
        batches((torch.zeros(4), torch.zeros(5)), 2, seed=0)
