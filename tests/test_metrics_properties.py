"""What must hold for any features: symmetry, invariance, scale laws, ranges (hypothesis draws the cases)."""

import math

import pytest
import torch
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from gan_helpers.data import make_generator
from gan_helpers.metrics import (
    density_coverage,
    frechet_bias,
    frechet_distance,
    inception_score,
    kid,
    memorisation,
    mode_coverage,
    precision_recall,
    reverse_kl,
    reverse_kl_floor,
)

cases = settings(max_examples=25)
seeds, sizes, dims = st.integers(0, 10**6), st.integers(8, 60), st.integers(1, 12)


def sets(seed, n, m, d):
    """Two sets of features with different, correlated, skewed distributions."""
    source = make_generator(seed)
    mix = torch.randn(2, d, d, generator=source, dtype=torch.float64)
    x, y = (torch.randn(k, d, generator=source, dtype=torch.float64) for k in (n, m))
    return x @ mix[0], (y @ mix[1]).relu() + torch.randn(d, generator=source, dtype=torch.float64)


def rotation(seed, d):
    return torch.linalg.qr(torch.randn(d, d, generator=make_generator(seed), dtype=torch.float64))[0]


def neighbours(real, fake, k=3):
    return (*precision_recall(real=real, fake=fake, k=k), *density_coverage(real=real, fake=fake, k=k))


@cases
@given(seeds, sizes, sizes, dims)
def test_distances_are_symmetric_and_order_does_not_matter(seed, n, m, d):
    x, y = sets(seed, n, m, d)
    scale = 1 + x.square().sum(1).mean().item() + y.square().sum(1).mean().item()
    assert frechet_distance(real=x, fake=y) == pytest.approx(
        frechet_distance(real=y, fake=x), abs=1e-6 * scale
    )
    assert frechet_distance(real=x, fake=y) > -1e-6 * scale
    assert abs(frechet_distance(real=x, fake=x.flip(0))) < 1e-6 * scale
    assert kid(real=x, fake=y) == pytest.approx(kid(real=y.flip(0), fake=x), rel=1e-9, abs=1e-9)
    assert neighbours(x, y) == pytest.approx(neighbours(x.flip(0), y.flip(0)), abs=1e-12)
    one, two = precision_recall(real=x, fake=y), precision_recall(real=y, fake=x)
    assert (one.precision, one.recall) == (two.recall, two.precision)


@cases
@given(seeds, sizes, sizes, dims)
def test_a_rotation_changes_nothing_and_a_shift_of_both_only_kid(seed, n, m, d):
    x, y = sets(seed, n, m, d)
    turn, shift = rotation(seed, d), torch.linspace(-1, 2, d, dtype=torch.float64)
    scale = 1 + x.square().sum(1).mean().item() + y.square().sum(1).mean().item()
    value = frechet_distance(real=x, fake=y)
    assert frechet_distance(real=x @ turn, fake=y @ turn) == pytest.approx(value, abs=1e-6 * scale)
    assert frechet_distance(real=x + shift, fake=y + shift) == pytest.approx(value, abs=1e-6 * scale)
    assert kid(real=x @ turn, fake=y @ turn) == pytest.approx(kid(real=x, fake=y), rel=1e-8, abs=1e-8)
    assert neighbours(x + shift, y + shift) == pytest.approx(neighbours(x, y), abs=1e-12)


@cases
@given(seeds, sizes, sizes, dims, st.floats(0.01, 100))
def test_scale_laws(seed, n, m, d, c):
    x, y = sets(seed, n, m, d)
    scale = 1 + x.square().sum(1).mean().item() + y.square().sum(1).mean().item()
    assert frechet_distance(real=c * x, fake=c * y) == pytest.approx(
        c**2 * frechet_distance(real=x, fake=y), abs=1e-6 * scale * c**2
    )
    enough, _ = sets(seed, 5 * d, m, d)
    assert frechet_bias(c * enough, n=50) == pytest.approx(c**2 * frechet_bias(enough, n=50), rel=1e-6)
    assert memorisation(fake=c * x, train=c * y, held_out=c * y + c) == pytest.approx(
        memorisation(fake=x, train=y, held_out=y + 1), rel=1e-9
    )


@cases
@given(seeds, sizes, dims, st.floats(-3, 3))
def test_moving_one_set_costs_the_squared_distance(seed, n, d, step):
    x, _ = sets(seed, n, n, d)
    scale = 1 + x.square().sum(1).mean().item()
    assert frechet_distance(real=x, fake=x + step) == pytest.approx(d * step**2, abs=1e-6 * scale)
    stretched = x.mean(0) + 3 * (x - x.mean(0))  # (3 - 1)² Tr Σ
    trace = x.var(0).sum().item()
    assert frechet_distance(real=x, fake=stretched) == pytest.approx(4 * trace, abs=1e-5 * scale)


@cases
@given(seeds, sizes, sizes, dims)
def test_ranges_and_what_cannot_be_missed(seed, n, m, d):
    x, y = sets(seed, n, m, d)
    precision, recall, density, coverage = neighbours(x, y)
    assert 0 <= min(precision, recall, coverage) <= max(precision, recall, coverage) <= 1 and density >= 0
    assert coverage <= min(1, density * 3 * m / n + 1e-12)
    if precision == 0:
        assert density == 0 and coverage == 0
    assert neighbours(x, x + 1e6) == (0, 0, 0, 0)
    overlap = precision_recall(real=x, fake=x)
    assert overlap == (1, 1) and density_coverage(real=x, fake=x).coverage == 1


@cases
@given(seeds, sizes, st.integers(2, 12), st.floats(0.1, 30))
def test_inception_score_lies_between_one_and_the_number_of_classes(seed, n, classes, sharpness):
    logits = sharpness * torch.randn(n, classes, generator=make_generator(seed), dtype=torch.float64)
    score = inception_score(logits)
    assert 1 - 1e-9 <= score <= min(classes, n) + 1e-9
    shifted = logits + torch.linspace(-50, 50, n, dtype=torch.float64)[:, None]  # softmax does not see it
    assert inception_score(shifted) == pytest.approx(score, rel=1e-9)
    order = torch.randperm(classes, generator=make_generator(seed))
    assert inception_score(logits[:, order].flip(0)) == pytest.approx(score, rel=1e-9)
    assert inception_score(logits.repeat(3, 1)) == pytest.approx(score, rel=1e-9)  # duplicates: not seen


@settings(max_examples=6)
@given(st.integers(0, 10**6), st.integers(2, 10), st.integers(150, 400))
def test_the_bias_formula(seed, d, n):
    source = make_generator(seed)
    mix = torch.randn(d, d, generator=source, dtype=torch.float64)

    def draw(rows):
        return torch.randn(rows, d, generator=source, dtype=torch.float64) @ mix

    values = torch.tensor([frechet_distance(real=draw(n), fake=draw(n)) for _ in range(150)])
    error = values.std().item() / 150**0.5
    assert values.mean().item() == pytest.approx(frechet_bias(draw(50_000), n=n), rel=0.06, abs=4 * error)


@cases
@given(seeds, st.integers(2, 40))
def test_reverse_kl_and_its_floor(seed, modes):
    counts = torch.randint(0, 20, (modes,), generator=make_generator(seed))
    assume(counts.sum() > 0)
    value, p = reverse_kl(counts), (counts / counts.sum()).double()
    entropy = -torch.special.xlogy(p, p).sum().item()
    assert value == pytest.approx(math.log(modes) - entropy, abs=1e-6) and -1e-9 <= value
    assert reverse_kl(7 * counts.flip(0)) == pytest.approx(value, abs=1e-9)
    floors = [reverse_kl_floor(n, modes) for n in (1, 5, 50, 500)]
    assert floors == sorted(floors, reverse=True) and floors[0] == pytest.approx(math.log(modes), abs=1e-9)
    assert reverse_kl_floor(1000 * modes, modes) == pytest.approx((modes - 1) / (2000 * modes), rel=0.01)


@cases
@given(seeds, st.floats(0.01, 100))
def test_modes_move_and_scale_with_everything(seed, c):
    source = make_generator(seed)
    centres = torch.randn(6, 2, generator=source, dtype=torch.float64)
    points = centres.repeat(40, 1) + 0.1 * torch.randn(240, 2, generator=source, dtype=torch.float64)
    one, two = mode_coverage(points, centres, 0.05), mode_coverage(c * points + 3, c * centres + 3, c * 0.05)
    assert one[:4] == pytest.approx(two[:4]) and torch.equal(one.hits, two.hits)
    assert int(one.hits.sum()) == round(one.high_quality * 240)
