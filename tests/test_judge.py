"""A classifier that is what it says; a bench with parts that do not meet, and always the same noise."""

import math
import os

import numpy as np
import pytest
import torch
from torch import nn

from gan_helpers import data
from gan_helpers import judge as module
from gan_helpers.judge import RECIPES, _check, digit_classifier, features_and_logits, make_judge
from gan_helpers.metrics import frechet_distance
from gan_helpers.networks import dcgan_generator, mlp
from gan_helpers.training import play

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


def test_a_full_disk_costs_seconds_and_no_more(cache, quick, capsys):
    """torch.save alone would end the training with "[enforce fail at inline_container.cc:672] …"."""
    resource = pytest.importorskip("resource")
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (5_000, hard))
    try:
        assert digit_classifier(quick.fit) is not None
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert "classifier: trained, but not cached (File too large)" in capsys.readouterr().out
    assert list(cache.iterdir()) == []
    digit_classifier(quick.fit)  # the same with room enough
    assert capsys.readouterr().out == "" and len(list(cache.iterdir())) == 1


def test_no_name_leads_out_of_the_cache(cache, quick, tmp_path):
    for name in ("../../evil", "/evil", "a/b"):
        digit_classifier(quick.fit._replace(name=name))
    assert [path.parent for path in tmp_path.rglob("*.pt")] == [
        cache
    ]  # and it is one file: the name is no data


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
        ({"images": (good.images + 1) / 2}, r"images run from 0 to 1, .*pass 2 \* images - 1"),
        ({"images": (1 - good.images) / 2}, "without a background of -1"),
        ({"images": good.images.double()}, r"torch.float64: pass images\.float\(\)"),
        ({"images": good.images.numpy()}, "got ndarray"),
        ({"labels": good.labels.int()}, r"got torch.int32: pass labels\.long\(\)"),
        ({"labels": good.labels[:5]}, "one label per image"),
        ({"labels": good.labels.clamp(1)}, "all of 0 to 9"),
    ):
        with pytest.raises(ValueError, match=message):
            digit_classifier(good._replace(**change))
    with pytest.raises(ValueError, match="too few"):
        digit_classifier(data.take(good, torch.arange(60)))
    with pytest.raises(ValueError, match="such as parts.select, got Tensor"):
        digit_classifier(good.images)
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
        ((quick.report.images + 1) / 2, r"images run from 0 to 1, .*pass 2 \* images - 1"),
        (quick.report.images.half(), r"got torch.float16: pass images\.float\(\)"),
        (quick.report.images.bfloat16(), "got torch.bfloat16"),
        (quick.report.images.double(), "got torch.float64"),
        ((quick.report.images > 0).byte(), "got torch.uint8"),
        (quick.report.images.numpy(), r"got ndarray: pass torch\.as_tensor"),
        (quick.report, r"pass its \.images"),
        (quick.report.images.tolist(), "got list"),
    ):
        with pytest.raises(ValueError, match=message):
            features_and_logits(net, images)
    other = nn.Sequential(nn.Flatten(), nn.Linear(64, 10))
    with pytest.raises(ValueError, match="a classifier made by digit_classifier"):
        features_and_logits(other, quick.report.images)


@pytest.mark.parametrize("load", [data.digits8, lambda: data.rendered(200)], ids=["8 x 8", "28 x 28"])
def test_digits_in_0_to_1_are_refused_as_batches_and_one_by_one(load, cache):
    real = load().images
    noisy = (real + 0.1 * torch.randn(real.shape, generator=data.make_generator(0))).clamp(-1, 1)
    for x in (real, real[:1], real.clamp(-0.999, 0.999), noisy[:1]):  # the last but one: as a sigmoid ends
        _check(x)
        with pytest.raises(ValueError, match=r"pass 2 \* images - 1"):
            _check((x + 1) / 2)
        _check((x + 1) / 2 - 0.1)  # dark enough: it cannot be in [0, 1]


def test_what_generators_make_is_judged():
    """Also when untrained (a tanh gives values around 0) or collapsed to one grey."""
    z = torch.randn(100, 32, generator=data.make_generator(0))
    for seed in range(6):
        Gs = [mlp((32, 64, 64), seed=seed, last=last) for last in (nn.Tanh(), nn.Sigmoid())]
        Gs += [mlp((32, 64, 128, 784), seed=seed, last=nn.Tanh()), dcgan_generator(seed=seed)]
        for G in (*Gs, dcgan_generator(seed=seed).eval()):
            with torch.no_grad():
                x = G(z)
            _check(x)
            for image in x:
                _check(image)
    for value in (-1.0, -0.3, 0.0, 0.3, 1.0):
        _check(torch.full((9, 1, 8, 8), value))


def test_what_young_and_lost_generators_make_is_judged():
    """Lost: a sigmoid that faces data in [-1, 1] ends at 0 everywhere, which is no white digit."""
    x, z = data.digits8().images.flatten(1), torch.randn(100, 16, generator=data.make_generator(0))
    for last in (nn.Tanh(), nn.Sigmoid()):
        G, D = mlp((16, 64, 64), seed=0, last=last), mlp((64, 64, 1), seed=1)
        opts = [torch.optim.Adam(player.parameters(), lr=2e-3, betas=(0.0, 0.9)) for player in (G, D)]
        for _ in play(G, D, *opts, data.batches(x, 64, seed=0, steps=150), 16, seed=1000):
            if isinstance(last, nn.Tanh):
                with torch.no_grad():
                    _check(G(z))
    with torch.no_grad():
        lost = G(z)
    assert lost.max() < 0.5
    _check(lost)


def test_batches_of_another_size_give_the_same_features(cache, quick):
    net = digit_classifier(quick.fit)
    one, _ = features_and_logits(net, quick.report.images)
    other, _ = features_and_logits(net, quick.report.images, batch_size=np.int64(7))
    assert torch.allclose(one, other, atol=1e-5)
    with pytest.raises(ValueError, match="batch_size must be an integer of at least 1, got 0"):
        features_and_logits(net, quick.report.images, batch_size=0)


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


def test_the_measure_is_the_report_part_which_neither_trained_the_game_nor_the_classifier(judge):
    """Measured against the fit part, copies of the training images would read 0: a perfect generator."""
    report, _ = features_and_logits(judge.classifier, judge.parts.report.images)
    assert torch.equal(judge.features, report)
    copies, held_out = judge.distance(judge.parts.fit.images), judge.distance(judge.parts.report.images)
    assert copies == judge.floor > 0.5 and held_out < 1e-3


def test_samples_and_floor_are_equally_many(judge, monkeypatch):
    """The distance depends on the number of images: more samples than the floor's could read below it."""
    assert judge.samples == len(judge.parts.fit.images) == 719 == len(judge.noise(4))
    x = torch.cat([judge.parts.fit.images.flip(0), judge.parts.report.images])
    assert judge.distance(x) == judge.distance(x[:719])
    assert judge.distance(x) != judge.distance(x[:718])
    monkeypatch.setattr(module, "SAMPLES", 300)
    assert judge.samples == 300 and judge.distance(x) == judge.distance(x[:300])
    few = make_judge(data.digits8())
    assert few.floor == few.distance(few.parts.fit.images) > 1.2 * judge.floor


def test_probabilities_are_those_of_the_logits(judge):
    features, p = judge.look_at(judge.parts.report.images[:50])
    _, logits = features_and_logits(judge.classifier, judge.parts.report.images[:50])
    assert features.shape == (50, 64) and torch.allclose(p, logits.softmax(1))
    assert torch.allclose(p.sum(1), torch.ones(50), atol=1e-5)


def test_samples_come_from_noise_that_is_always_the_same(judge):
    z = judge.noise(16)
    assert z.shape == (719, 16) and torch.equal(z, judge.noise(np.int64(16))) and abs(z.mean()) < 0.03
    G = mlp((16, 8, 64), seed=0, last=torch.nn.Tanh())
    samples = judge.generate(G, 16)
    assert torch.allclose(samples, G(z), atol=1e-6) and not samples.requires_grad
    assert judge.distance(samples) > 5 * judge.floor
    with pytest.raises(ValueError, match="z_dim must be an integer"):
        judge.noise(16.0)
    assert G.training  # its mode is the caller's business


def test_wrong_images_are_refused_by_the_bench(judge):
    x = judge.parts.report.images
    for images, message in (
        (x.view(-1, 32), r"expected images \(N, 1, H, W\), got \(718, 32\)"),
        (x[:358].reshape(-1, 128), r"got \(179, 128\)"),  # pairs: not twice as many images
        ((x.flatten(1) + 1) / 2, r"pass 2 \* images - 1"),
        (judge.parts.report, r"pass its \.images"),
        (x.numpy(), "got ndarray"),
    ):
        with pytest.raises(ValueError, match=message):
            judge.distance(images)
    strided = x.transpose(2, 3).flatten(1).view(-1, 8, 8).transpose(1, 2).unsqueeze(1)
    assert not strided.is_contiguous() and judge.distance(strided) == pytest.approx(
        judge.distance(x), abs=1e-6
    )
