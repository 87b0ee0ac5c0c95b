"""Distances with answers known on paper, against a library, and a classifier that is what it says."""

import math
import os

import pytest
import torch
from torch import nn
from torchmetrics.image.fid import FrechetInceptionDistance

from gan_helpers import data, metrics
from gan_helpers.metrics import digit_classifier, features_and_logits, frechet_distance

# --- the Fréchet distance ---


def with_moments(n, mean, covariance, seed=0, dtype=torch.float64):
    """n points with exactly this mean and this covariance (divided by n - 1)."""
    mean, covariance = torch.tensor(mean, dtype=torch.float64), torch.tensor(covariance, dtype=torch.float64)
    x = torch.randn(n, len(mean), generator=data.make_generator(seed), dtype=torch.float64)
    x = x - x.mean(0)
    x = x @ torch.linalg.cholesky(torch.linalg.inv(torch.cov(x.T))) @ torch.linalg.cholesky(covariance).T
    return (x + mean).to(dtype)


EYE, WIDE = [[1.0, 0.0], [0.0, 1.0]], [[2.0, -1.0], [-1.0, 2.0]]


@pytest.mark.parametrize(
    ("mean", "covariance", "answer"),
    [
        ([0.0, 0.0], WIDE, 4 - 2 * math.sqrt(3)),  # eigenvalues 1 and 3: 2 + 4 - 2 (1 + √3)
        ([3.0, 4.0], EYE, 25.0),
        ([1.0, 0.0], [[4.0, 0.0], [0.0, 9.0]], 1 + 1 + 4),  # |μ|² + (2-1)² + (3-1)²
    ],
)
def test_exact_moments_give_the_answer_on_paper(mean, covariance, answer):
    one, two = with_moments(40, [0.0, 0.0], EYE), with_moments(25, mean, covariance, seed=1)
    assert frechet_distance(real=one, fake=two) == pytest.approx(answer, abs=1e-9)
    assert frechet_distance(real=two, fake=one) == pytest.approx(answer, abs=1e-9)
    assert frechet_distance(real=10 * one, fake=10 * two) == pytest.approx(100 * answer, abs=1e-7)


def test_neither_covariance_commutes():
    # Both are rotated: a formula that takes roots element by element, or of Σ_r + Σ_f, fails here.
    a, b = [[2.0, 1.0], [1.0, 3.0]], [[4.0, -1.0], [-1.0, 1.0]]
    A, B = torch.tensor(a).double(), torch.tensor(b).double()
    det, trace = torch.det(A @ B).sqrt(), torch.trace(A @ B)  # (λ1 + λ2)² = Tr AB + 2 √det AB for √λ's
    answer = torch.trace(A + B) - 2 * (trace + 2 * det).sqrt()
    value = frechet_distance(real=with_moments(30, [0, 0], a), fake=with_moments(30, [0, 0], b, seed=2))
    assert value == pytest.approx(answer.item(), abs=1e-9)


def test_equal_sets_are_at_distance_zero_also_when_singular():
    x = torch.randn(200, 16, generator=data.make_generator(0))
    assert abs(frechet_distance(real=x, fake=x)) < 1e-9
    x = torch.randn(40, 64, generator=data.make_generator(0))  # n < d
    assert abs(frechet_distance(real=x, fake=x.clone())) < 1e-6 * (1 + 64)
    dead = torch.cat([x, torch.zeros(40, 20)], 1)
    assert abs(frechet_distance(real=dead, fake=dead)) < 1e-6 * (1 + 64)


def test_the_bias_has_its_formula():
    """Two samples of N(0, I_d), n each: (2d + d(d+1)/2) / n, to leading order."""
    d, n, source = 16, 1000, data.make_generator(0)
    draws = [torch.randn(2, n, d, generator=source) for _ in range(40)]
    mean = sum(frechet_distance(real=a, fake=b) for a, b in draws) / len(draws)
    assert mean == pytest.approx((2 * d + d * (d + 1) / 2) / n, rel=0.05)
    shifted = sum(frechet_distance(real=a, fake=b + 0.2) for a, b in draws) / len(draws)
    assert shifted - mean == pytest.approx(0.04 * d, rel=0.05)


class PassThrough(nn.Module):
    num_features = 24

    def forward(self, x):
        return x.flatten(1)


@pytest.mark.parametrize(("n", "m"), [(300, 500), (15, 40)])  # the second with singular covariances
def test_torchmetrics_says_the_same(n, m):
    source = data.make_generator(3)
    mix = torch.randn(24, 24, generator=source)
    real = torch.randn(n, 24, generator=source).relu() @ mix
    fake = torch.rand(m, 24, generator=source) @ mix + 0.3
    library = FrechetInceptionDistance(feature=PassThrough())
    library.update(real, real=True)
    library.update(fake, real=False)
    assert frechet_distance(real=real, fake=fake) == pytest.approx(library.compute().item(), rel=1e-4)


def test_it_computes_in_float64():
    x = torch.randn(500, 8, generator=data.make_generator(5))
    far = 1000.0
    moved = frechet_distance(real=x.double() + far, fake=2 * x.double() + far)
    assert frechet_distance(real=(x + far), fake=(2 * x + far)) == pytest.approx(moved, rel=1e-3)
    assert frechet_distance(real=x, fake=x.bfloat16()) < 1e-3


@pytest.mark.parametrize(
    ("real", "fake", "message"),
    [
        (torch.zeros(5, 3), torch.zeros(1, 3), "fake has 1 sample"),
        (torch.zeros(0, 3), torch.zeros(5, 3), "real has 0 sample"),
        (torch.zeros(5, 3), torch.zeros(5, 4), "3 features and fake 4"),
        (torch.zeros(5, 1, 28, 28), torch.zeros(5, 3), "real must be a feature tensor"),
        (torch.zeros(5, 3), torch.zeros(5), "fake must be a feature tensor"),
        (torch.zeros(5, 3), torch.zeros(5, 0), "fake must be a feature tensor"),
        ([[1.0]], torch.zeros(5, 3), "got list"),
        (
            torch.zeros(5, 3),
            torch.tensor([[0.0, math.nan, 1.0]] * 2 + [[0.0] * 3]),
            "NaN or infinity in 2 of 3",
        ),
        (torch.full((5, 3), math.inf), torch.zeros(5, 3), "real has NaN or infinity"),
    ],
)
def test_wrong_features_are_refused(real, fake, message):
    with pytest.raises(ValueError, match=message):
        frechet_distance(real=real, fake=fake)


def test_real_and_fake_cannot_be_mixed_up():
    with pytest.raises(TypeError):
        frechet_distance(torch.zeros(5, 3), torch.zeros(5, 3))


# --- the classifier ---


@pytest.fixture
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv("GAN_CACHE_DIR", str(tmp_path))
    return tmp_path / "classifiers"


@pytest.fixture
def quick(monkeypatch):
    """A classifier of 8 x 8 digits that trains in a tenth of a second."""
    monkeypatch.setitem(metrics.RECIPES, 8, metrics.RECIPES[8]._replace(steps=20, channels=(4, 8)))
    return data.split(data.digits8(), seed=0)


def accuracy(net, images):
    _, logits = features_and_logits(net, images.images)
    return (logits.argmax(1) == images.labels).float().mean().item()


def test_it_reads_held_out_digits_of_fonts(cache, monkeypatch):
    monkeypatch.setitem(
        metrics.RECIPES, 28, metrics.RECIPES[28]._replace(steps=200)
    )  # a third is enough here
    parts = data.split(data.rendered(4000), seed=0, fit=0.35, select=0.05, report=0.6)
    net = digit_classifier(parts.fit)
    assert accuracy(net, parts.report) >= 0.98
    features, logits = features_and_logits(net, parts.report.images[:700])
    assert features.shape == (700, 64) and logits.shape == (700, 10)
    assert torch.equal(logits, net[-1](features)) and not logits.requires_grad
    assert (features.std(0) > 0).all()  # no dead feature
    # A feature distance that sees what a pixel distance hardly does: one digit left out.
    features, _ = features_and_logits(net, parts.report.images)
    one, two, no_three = features[:1200], features[1200:], parts.report.labels[1200:] != 3
    assert frechet_distance(real=one, fake=two[no_three]) > 2 * frechet_distance(real=one, fake=two)


@pytest.mark.skipif(not os.environ.get("GAN_DATA_DIR"), reason="MNIST is not on this disk (GAN_DATA_DIR)")
def test_it_reads_held_out_mnist(cache):
    parts = data.split(data.mnist(), seed=0, fit=0.4, select=0.4, report=0.2)
    assert accuracy(digit_classifier(parts.select), data.take(parts.fit, torch.arange(4000))) >= 0.98


def test_it_reads_held_out_small_digits(cache):
    parts = data.split(data.digits8(), seed=0, fit=0.4, select=0.4, report=0.2)
    net = digit_classifier(parts.select)
    assert accuracy(net, parts.fit) > 0.96


def test_the_same_data_give_the_same_classifier_from_the_cache_or_not(cache, quick):
    threads, state = torch.get_num_threads(), torch.random.get_rng_state()
    with torch.no_grad():  # as in a cell that only measures
        first = digit_classifier(quick.fit)
    (path,) = cache.iterdir()
    stored = path.read_bytes()
    again = digit_classifier(quick.fit)
    assert path.read_bytes() == stored
    path.unlink()
    torch.manual_seed(5)
    anew = digit_classifier(quick.fit)
    for p, q, r in zip(first.parameters(), again.parameters(), anew.parameters(), strict=True):
        assert torch.equal(p, q) and torch.equal(p, r) and not p.requires_grad
    assert not first.training and torch.get_num_threads() == threads
    torch.random.set_rng_state(state)
    digit_classifier(data.take(quick.fit, torch.arange(900)))
    assert torch.equal(torch.random.get_rng_state(), state) and len(list(cache.iterdir())) == 2


def test_what_changes_the_classifier_changes_its_file(cache, quick, monkeypatch):
    digit_classifier(quick.fit)
    other = quick.fit._replace(labels=quick.fit.labels.flip(0))
    digit_classifier(other)
    monkeypatch.setitem(metrics.RECIPES, 8, metrics.RECIPES[8]._replace(rate=1e-3))
    digit_classifier(quick.fit)
    assert len(list(cache.iterdir())) == 3


@pytest.mark.parametrize("damage", [b"", b"not a file of torch", None])
def test_a_damaged_file_is_made_again(cache, quick, damage):
    good = [p.clone() for p in digit_classifier(quick.fit).parameters()]
    (path,) = cache.iterdir()
    if damage is None:
        torch.save({"0.weight": torch.zeros(3)}, path)
    else:
        path.write_bytes(damage)
    again = digit_classifier(quick.fit)
    assert all(torch.equal(p, q) for p, q in zip(good, again.parameters(), strict=True))
    torch.load(path, weights_only=True)  # and the file is good again


def test_a_file_with_nan_is_made_again(cache, quick):
    net = digit_classifier(quick.fit)
    (path,) = cache.iterdir()
    torch.save({k: v * math.nan for k, v in net.state_dict().items()}, path)
    assert all(p.isfinite().all() for p in digit_classifier(quick.fit).parameters())


def test_no_cache_costs_seconds_and_no_more(tmp_path, quick, monkeypatch, capsys):
    (tmp_path / "file").write_text("in the way")
    monkeypatch.setenv("GAN_CACHE_DIR", str(tmp_path / "file"))
    assert digit_classifier(quick.fit) is not None
    assert "not cached" in capsys.readouterr().out


def test_an_interrupted_write_leaves_nothing(cache, quick, monkeypatch):
    def interrupted(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(torch, "save", interrupted)
    with pytest.raises(KeyboardInterrupt):
        digit_classifier(quick.fit)
    assert list(cache.iterdir()) == []


def test_wrong_training_data_are_refused(cache, quick):
    good = quick.fit
    for change, message in (
        ({"images": good.images[:, 0]}, "expected images"),
        ({"images": torch.zeros(len(good.labels), 1, 9, 9)}, r"got \(1078, 1, 9, 9\)"),
        ({"images": (good.images + 1) * 8}, r"expected values in \[-1, 1\]"),
        ({"images": good.images * math.nan}, "from nan"),
        ({"labels": good.labels[:5]}, "one label per image"),
        ({"labels": good.labels.clamp(1)}, "all of 0 to 9"),
    ):
        with pytest.raises(ValueError, match=message):
            digit_classifier(good._replace(**change))
    with pytest.raises(ValueError, match="too few"):
        digit_classifier(data.take(good, torch.arange(60)))
    assert not cache.exists()


def test_wrong_images_are_refused(cache, quick):
    net = digit_classifier(quick.fit)
    for images, message in (
        (torch.zeros(5, 64), "expected images"),
        (torch.zeros(0, 1, 8, 8), "expected images"),
        (torch.zeros(5, 3, 8, 8), "expected images"),
        (torch.zeros(5, 1, 28, 28), "reads 8 x 8"),
        (torch.full((5, 1, 8, 8), 1.5), "a generator without tanh"),
        (torch.full((5, 1, 8, 8), math.nan), "diverged"),
    ):
        with pytest.raises(ValueError, match=message):
            features_and_logits(net, images)


def test_batches_of_another_size_give_the_same_features(cache, quick):
    net = digit_classifier(quick.fit)
    one, _ = features_and_logits(net, quick.report.images)
    other, _ = features_and_logits(net, quick.report.images, batch_size=7)
    assert torch.allclose(one, other, atol=1e-5)
