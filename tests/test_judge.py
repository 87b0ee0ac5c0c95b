"""The bench: parts that do not meet, a distance that is the formula's, noise that is always the same."""

import pytest
import torch

from gan_helpers import data
from gan_helpers.judge import RECIPES, digit_classifier, features_and_logits, make_judge
from gan_helpers.metrics import frechet_distance
from gan_helpers.networks import mlp


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
