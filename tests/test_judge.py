"""A classifier that is what it says; the bench: disjoint parts, the formula's distance, one noise."""

import math
import os

import pytest
import torch

from gan_helpers import data
from gan_helpers.judge import RECIPES, digit_classifier, features_and_logits, make_judge
from gan_helpers.metrics import frechet_distance
from gan_helpers.networks import mlp

# --- the classifier ---


@pytest.fixture
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv("GAN_CACHE_DIR", str(tmp_path))
    return tmp_path / "classifiers"


@pytest.fixture
def quick(monkeypatch):
    """A classifier of 8 x 8 digits that trains in a tenth of a second."""
    monkeypatch.setitem(RECIPES, 8, RECIPES[8]._replace(steps=20, channels=(4, 8)))
    return data.split(data.digits8(), seed=0)


def accuracy(net, images):
    _, logits = features_and_logits(net, images.images)
    return (logits.argmax(1) == images.labels).float().mean().item()


def test_it_reads_held_out_digits_of_fonts(cache, monkeypatch):
    monkeypatch.setitem(RECIPES, 28, RECIPES[28]._replace(steps=200))  # a third is enough here
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
    monkeypatch.setitem(RECIPES, 8, RECIPES[8]._replace(rate=1e-3))
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


# --- the bench ---


@pytest.fixture(scope="module")
def judge(tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GAN_CACHE_DIR", str(tmp_path_factory.mktemp("cache")))
        patch.setitem(RECIPES, 8, RECIPES[8]._replace(steps=100))
        yield make_judge(data.digits8())


def test_the_parts_are_the_usual_split_and_select_trained_the_classifier(judge):
    parts = data.split(data.digits8(), seed=0, fit=0.4, select=0.4, report=0.2)
    for mine, usual in zip(judge.parts, parts, strict=True):
        assert torch.equal(mine.images, usual.images)
    other = digit_classifier(parts.select)
    assert torch.equal(other[0].weight, judge.classifier[0].weight)


def test_the_distance_is_the_formula_on_the_report_parts_features(judge):
    real, _ = features_and_logits(judge.classifier, judge.parts.report.images)
    fake, _ = features_and_logits(judge.classifier, judge.parts.fit.images)
    expected = frechet_distance(real=real, fake=fake)
    assert judge.distance(judge.parts.fit.images) == pytest.approx(expected, rel=1e-9)
    assert judge.distance(judge.parts.fit.images.flatten(1)) == judge.floor == pytest.approx(expected)
    assert judge.distance(judge.parts.report.images) == pytest.approx(0, abs=1e-3)
    assert judge.distance(-judge.parts.fit.images) > 5 * judge.floor


def test_it_looks_at_no_more_than_two_thousand(judge):
    x = torch.cat([judge.parts.fit.images] * 4)
    assert len(x) > 2000 and judge.distance(x) == judge.distance(x[:2000])


def test_probabilities_are_those_of_the_logits(judge):
    features, p = judge.look_at(judge.parts.report.images[:50])
    _, logits = features_and_logits(judge.classifier, judge.parts.report.images[:50])
    assert features.shape == (50, 64) and torch.allclose(p, logits.softmax(1))
    assert torch.allclose(p.sum(1), torch.ones(50), atol=1e-5)


def test_samples_come_from_noise_that_is_always_the_same(judge):
    z = judge.noise(16)
    assert z.shape == (2000, 16) and torch.equal(z, judge.noise(16)) and abs(z.mean()) < 0.02
    G = mlp((16, 8, 64), seed=0, last=torch.nn.Tanh())
    samples = judge.generate(G, 16)
    assert torch.allclose(samples, G(z), atol=1e-6) and not samples.requires_grad
    assert judge.distance(samples) > 5 * judge.floor
    assert G.training  # its mode is the caller's business
