"""Scores with answers known on paper and against libraries; what they cannot tell is refused."""

import math

import numpy as np
import pytest
import scipy.linalg
import torch
from sklearn.metrics import pairwise_distances
from sklearn.neighbors import NearestNeighbors
from torch import nn
from torchmetrics.image.fid import FrechetInceptionDistance
from torchmetrics.image.inception import InceptionScore
from torchmetrics.image.kid import KernelInceptionDistance

from gan_helpers import data
from gan_helpers.metrics import (
    density_coverage,
    fid_infinity,
    frechet_bias,
    frechet_distance,
    inception_score,
    kid,
    memorisation,
    precision_recall,
)


def normal(n, d, seed):
    return torch.randn(n, d, generator=data.make_generator(seed), dtype=torch.float64)


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


def test_scipy_takes_the_same_root():
    for n in (40, 500):  # the first with singular covariances
        real, fake = normal(n, 64, 1), normal(n, 64, 2) * 1.3 + 0.2
        a, b = np.cov(real.T.numpy()), np.cov(fake.T.numpy())
        root = np.trace(scipy.linalg.sqrtm(a @ b + 1e-10 * np.eye(64)).real)
        answer = ((real.mean(0) - fake.mean(0)) ** 2).sum().item() + np.trace(a) + np.trace(b) - 2 * root
        assert frechet_distance(real=real, fake=fake) == pytest.approx(answer, rel=1e-4)


def test_it_computes_in_float64():
    x = torch.randn(500, 8, generator=data.make_generator(5))
    far = 1000.0
    moved = frechet_distance(real=x.double() + far, fake=2 * x.double() + far)
    assert frechet_distance(real=(x + far), fake=(2 * x + far)) == pytest.approx(moved, rel=1e-3)
    assert frechet_distance(real=x, fake=x.bfloat16()) < 1e-3


# --- its floor, and its limit ---


def test_the_bias_has_its_formula():
    """Two samples of N(0, I_d), n each: (2d + d(d+1)/2) / n, to leading order."""
    d, n, source = 16, 1000, data.make_generator(0)
    draws = [torch.randn(2, n, d, generator=source) for _ in range(40)]
    mean = sum(frechet_distance(real=a, fake=b) for a, b in draws) / len(draws)
    assert mean == pytest.approx((2 * d + d * (d + 1) / 2) / n, rel=0.05)
    shifted = sum(frechet_distance(real=a, fake=b + 0.2) for a, b in draws) / len(draws)
    assert shifted - mean == pytest.approx(0.04 * d, rel=0.05)


def test_the_bias_of_gaussian_features_has_its_closed_form():
    values = torch.tensor([4.0, 1.0, 0.25], dtype=torch.float64)
    x = normal(200_000, 3, 0) * values.sqrt() @ torch.linalg.qr(normal(3, 3, 1))[0]
    cross = (values[:, None] * values / (values[:, None] + values)).sum()
    answer = 2 * (1.25 * values.sum() + 0.5 * cross) / 100
    assert frechet_bias(x, n=100) == pytest.approx(answer.item(), rel=0.03)
    assert frechet_bias(x, n=100, m=math.inf) == pytest.approx(frechet_bias(x, n=100) / 2, rel=1e-12)
    assert frechet_bias(x, n=100, m=400) == pytest.approx(frechet_bias(x, n=160), rel=1e-12)
    dead = torch.cat([x, torch.zeros(len(x), 2)], 1)
    assert frechet_bias(dead, n=100) == pytest.approx(frechet_bias(x, n=100), rel=1e-9)


def test_the_bias_of_other_features_is_what_is_measured():
    """Sparse and heavy-tailed features, where the Gaussian formula is off by half."""
    draw = lambda n, s: normal(n, 12, s).clamp(min=0.3).pow(3)  # noqa: E731
    measured = [frechet_distance(real=draw(1500, s), fake=draw(1500, s + 500)) for s in range(60)]
    pool = draw(200_000, 9)
    values = torch.linalg.eigvalsh(pool.T.cov())
    gauss = (
        2 * (1.25 * values.sum() + 0.5 * (values[:, None] * values / (values[:, None] + values)).sum()) / 1500
    )
    assert sum(measured) / 60 == pytest.approx(frechet_bias(pool, n=1500), rel=0.1)
    assert not 0.75 < gauss / frechet_bias(pool, n=1500) < 1.33


def test_the_floor_is_refused_where_it_would_be_wrong():
    """From d rows it is half of what it should be; for n far below d the formula reads twice the truth."""
    d = 32
    pool = normal(20_000, d, 0)
    truth, from_five = frechet_bias(pool, n=1000), frechet_bias(pool[: 5 * d], n=1000)
    assert 0.85 < from_five / truth < 1
    with pytest.raises(ValueError, match=r"real has 159 rows for 32 features: this needs 160 or more"):
        frechet_bias(pool[: 5 * d - 1], n=1000)
    draws = [frechet_distance(real=normal(d, d, s), fake=normal(d, d, s + 99)) for s in range(20)]
    assert frechet_bias(pool, n=d) == pytest.approx(sum(draws) / 20, rel=0.1)
    for counts in ({"n": d - 1}, {"n": 1000, "m": d - 1}, {"n": d - 1, "m": math.inf}):
        with pytest.raises(ValueError, match="n and m must be at least 32, the number of features"):
            frechet_bias(pool, **counts)
    dead = torch.cat([pool[: 5 * d], torch.full((5 * d, 9), 0.1)], 1)  # which cost no rows
    assert frechet_bias(dead, n=1000) == pytest.approx(from_five, rel=1e-9)


def test_the_limit_is_refused_where_it_would_be_wrong():
    """The distance is a line in 1/N for N ≥ 2 d only; of 2.3 d fakes of the real source it made -2.8."""
    d, limits = 32, []
    for s in range(6):
        real, fake = normal(3000, d, s), normal(10 * d, d, s + 50)
        limits.append(fid_infinity(real=real, fake=fake).value / frechet_distance(real=real, fake=fake))
    assert -0.25 < sum(limits) / 6 < 0.15  # the real side's part stays, and is a tenth
    for few in (5, 150, 10 * d - 1):
        with pytest.raises(ValueError, match=f"{few} images are too few: with 32 features this needs 320"):
            fid_infinity(real=real, fake=fake[:few])
        with pytest.raises(ValueError, match=f"{few} images are too few"):
            fid_infinity(real=real[:few], fake=fake, both=True)
    with pytest.raises(ValueError, match=r"sizes \[63, 300\]: with 32 features none may be below 64"):
        fid_infinity(real=real, fake=fake, sizes=[63, 300])
    assert fid_infinity(real=real, fake=fake, sizes=[64, 300]).sizes == [64, 300]
    dead = [torch.cat([x, torch.full((len(x), 9), 0.1)], 1) for x in (real, fake)]
    assert fid_infinity(real=dead[0], fake=dead[1]).sizes[0] == 64


def test_fid_infinity_takes_the_bias_away():
    true = 16 * 0.2**2  # a shift by .2 in 16 dimensions
    found = []
    for s in range(12):
        real, fake = normal(4000, 16, s), normal(1500, 16, s + 50) + 0.2
        line, both = fid_infinity(real=real, fake=fake), fid_infinity(real=real, fake=fake, both=True)
        assert line.sizes[0] == 300 and line.sizes[-1] == 1500 and len(line.scores) == 15
        assert line.scores[-1] == pytest.approx(frechet_distance(real=real, fake=fake), rel=1e-9)
        found.append([line.value, both.value, line.scores[-1], line.slope, both.slope])
    one, two, plain, slope, slope_both = torch.tensor(found).mean(0)
    bias = frechet_bias(normal(50_000, 16, 1), n=1500, m=math.inf)
    assert plain == pytest.approx(true + bias * (1 + 1500 / 4000), rel=0.05)
    assert one == pytest.approx(true + bias * 1500 / 4000, rel=0.07)  # the real side's part stays
    assert two == pytest.approx(true, rel=0.07)
    assert slope == pytest.approx(1500 * bias, rel=0.15) and slope_both == pytest.approx(
        3000 * bias, rel=0.15
    )


def test_fid_infinity_is_repeatable():
    real, fake = normal(300, 4, 0), normal(300, 4, 1)
    one, again = (fid_infinity(real=real, fake=fake) for _ in range(2))
    assert (one.sizes, one.scores) == (again.sizes, again.scores), "a seed fixes the choices"
    assert one[:2] == pytest.approx(again[:2], rel=1e-12), "LAPACK promises no last bit"
    assert fid_infinity(real=real, fake=fake, seed=1).value != fid_infinity(real=real, fake=fake).value
    assert fid_infinity(real=real, fake=fake, sizes=[100, 300]).sizes == [100, 300]


# --- the inception score ---


class Logits(nn.Module):
    num_features = 10

    def forward(self, x):
        return x.flatten(1)


def confident(n, confidence, classes=10):
    """Logits of n images, the classes in turn, each with this confidence and the rest spread evenly."""
    p = torch.full((n, classes), (1 - confidence) / (classes - 1), dtype=torch.float64)
    p[torch.arange(n), torch.arange(n) % classes] = confidence
    return p.log()


def test_inception_score_on_paper():
    assert inception_score(confident(1000, 0.99)) == pytest.approx(
        math.exp(0.99 * math.log(9.9) + 0.01 * math.log(0.1 / 9)), abs=1e-9
    )  # = 9.25
    assert inception_score(torch.zeros(50, 10)) == pytest.approx(1, abs=1e-12)
    assert inception_score(confident(40, 1 - 1e-12, classes=2)) == pytest.approx(2, abs=1e-9)
    one_class = confident(1000, 0.99)[::10]
    assert inception_score(one_class) == pytest.approx(1, abs=1e-9)
    # Blind to what it should see: one image per class, a hundred times each.
    assert inception_score(confident(10, 0.99).repeat(100, 1)) == pytest.approx(9.25, abs=0.005)


def test_saturated_logits_are_no_problem():
    sure = 1e4 * torch.eye(10).repeat(5, 1)
    assert inception_score(sure) == pytest.approx(10, abs=1e-9)
    assert inception_score(sure[:1].repeat(20, 1)) == pytest.approx(1, abs=1e-9)  # naive code: NaN
    assert inception_score(sure.bfloat16(), splits=5) == pytest.approx(10, abs=1e-9)


def test_probabilities_are_no_logits():
    """Ten sure classes score 10; their probabilities, taken for logits, 1.08."""
    p = (20 * torch.eye(10).repeat(10, 1)).softmax(1)
    assert inception_score(p.log()) == pytest.approx(10, abs=1e-4)
    for wrong in (p, p.bfloat16(), confident(50, 0.5).exp(), torch.eye(3)):
        with pytest.raises(ValueError, match=r"these rows are probabilities p: pass p\.clamp"):
            inception_score(wrong)
    # without a negative number, or with sum 1, but not both
    for logits in (p + 0.1, 2 * p, 2 * p - 0.1, torch.cat([p, 3 * p[:1]])):
        assert 1 <= inception_score(logits) < 3


def test_torchmetrics_gives_the_same_inception_score():
    logits = 2 * normal(400, 10, 0).float()
    library = InceptionScore(feature=Logits(), splits=2)
    library.update(logits)
    torch.manual_seed(3)
    mean, _ = library.compute()
    torch.manual_seed(3)
    shuffled = logits[torch.randperm(len(logits))]
    assert inception_score(shuffled, splits=2) == pytest.approx(mean.item(), rel=1e-5)


# --- the kernel distance ---


def test_kid_on_paper():
    x, y = torch.tensor([[0.0], [1.0]]), torch.tensor([[2.0], [0.0], [1.0]])
    # k = (xy + 1)³: within x: k(0,1) = 1; within y: (1 + 27 + 1)/3; across: (1 + 1 + 1 + 27 + 1 + 8)/6
    assert kid(real=x, fake=y) == pytest.approx(1 + 29 / 3 - 2 * 39 / 6, abs=1e-12)
    assert kid(real=y, fake=x) == pytest.approx(kid(real=x, fake=y), abs=1e-12)


def test_kid_is_unbiased_and_may_be_negative():
    values = torch.tensor([kid(real=normal(60, 8, s), fake=normal(40, 8, 100 + s)) for s in range(200)])
    standard_error = values.std() / 200**0.5
    assert abs(values.mean()) < 3 * standard_error and 0.3 < (values < 0).double().mean() < 0.7
    small = [kid(real=normal(30, 8, s), fake=normal(30, 8, 500 + s) + 0.5) for s in range(200)]
    large = kid(real=normal(3000, 8, 7), fake=normal(3000, 8, 8) + 0.5)
    assert sum(small) / 200 == pytest.approx(large, rel=0.1)  # FID at 30 would be far above FID at 3,000


def test_torchmetrics_gives_the_same_kid():
    real, fake = normal(700, 24, 1).float(), normal(700, 24, 2).float() * 1.2 + 0.1
    library = KernelInceptionDistance(feature=PassThrough(), subsets=1, subset_size=700)
    library.update(real, real=True)
    library.update(fake, real=False)
    assert kid(real=real, fake=fake) == pytest.approx(library.compute()[0].item(), rel=1e-4)


def test_kid_of_subsets():
    real, fake = normal(300, 6, 1), normal(200, 6, 2) + 0.3
    whole = kid(real=real, fake=fake)
    parts = kid(real=real, fake=fake, subset_size=100, subsets=100)
    assert parts == pytest.approx(whole, rel=0.1) and parts != whole
    assert parts == kid(real=real, fake=fake, subset_size=100, subsets=100)
    assert parts != kid(real=real, fake=fake, subset_size=100, subsets=100, seed=1)
    everything = kid(real=real[:200], fake=fake, subset_size=200, subsets=1)
    assert everything == pytest.approx(kid(real=real[:200], fake=fake), rel=1e-12)


# --- neighbours ---


def neighbours_of_sklearn(real, fake, k):
    """Precision, recall, density, coverage with scikit-learn's neighbours."""

    def radius(x):
        return NearestNeighbors(n_neighbors=k + 1).fit(x).kneighbors(x)[0][:, k]

    table = pairwise_distances(fake, real)
    inside = table <= radius(real)
    recall = (table.T <= radius(fake)).any(1).mean()
    return inside.any(1).mean(), recall, inside.sum() / (k * len(fake)), inside.any(0).mean()


@pytest.mark.parametrize("k", [1, 3, 5])
def test_scikit_learn_finds_the_same_neighbours(k):
    real, fake = normal(700, 6, 1), normal(450, 6, 2) * 0.8 + 0.3  # more than one block of rows
    answer = neighbours_of_sklearn(real.numpy(), fake.numpy(), k)
    overlap, coverage = (
        precision_recall(real=real, fake=fake, k=k),
        density_coverage(real=real, fake=fake, k=k),
    )
    assert (*overlap, *coverage) == pytest.approx(answer, abs=1e-12)
    swapped = precision_recall(real=fake, fake=real, k=k)
    assert swapped == (overlap.recall, overlap.precision) and overlap.precision != overlap.recall


def test_neighbours_on_paper():
    real = torch.tensor([[0.0], [1.0], [3.0], [7.0]])  # 1-nearest: radii 1, 1, 2, 4
    fake = torch.tensor([[-0.5], [4.5], [20.0]])  # radii 5, 5, 15.5
    overlap, coverage = (
        precision_recall(real=real, fake=fake, k=1),
        density_coverage(real=real, fake=fake, k=1),
    )
    assert overlap == pytest.approx((2 / 3, 1.0))  # -.5 is in [-1, 1], 4.5 in [1, 5] or [3, 11]; 20 nowhere
    assert coverage == pytest.approx(((1 + 2) / 3, 3 / 4))  # balls hit: [-1, 1], [1, 5], [3, 11]


def test_a_row_is_not_its_own_neighbour():
    x = normal(200, 4, 0)
    assert density_coverage(real=x, fake=x + 1e-9, k=1).coverage == 1.0
    near = precision_recall(real=x, fake=x[:100] + 100, k=1)
    assert near == (0.0, 0.0)
    # With itself counted, radii of k = 1 would be 0 and nothing would ever lie inside.
    assert precision_recall(real=x, fake=normal(200, 4, 1), k=1).precision > 0.3


def test_the_border_belongs_to_the_ball():
    real = torch.tensor([[0.0], [1.0], [3.0], [7.0]])  # 1-nearest: radii 1, 1, 2, 4
    assert precision_recall(real=real, fake=torch.tensor([[-1.0], [90.0]]), k=1).precision == 0.5
    x = normal(100, 3, 0)  # a ball around a row holds the row itself and its k neighbours, one on the border
    assert density_coverage(real=x, fake=x, k=3).density == pytest.approx(4 / 3, abs=1e-12)


def test_coverage_at_equality_has_its_expectation():
    for n, m, k in ((400, 400, 5), (400, 400, 3), (300, 500, 5)):
        values = [density_coverage(real=normal(n, 2, s), fake=normal(m, 2, 99 + s), k=k) for s in range(20)]
        coverage, density = (sum(v[i] for v in values) / 20 for i in (1, 0))
        expected = 1 - math.prod((n - i) / (m + n - i) for i in range(1, k + 1))
        assert coverage == pytest.approx(expected, abs=0.01)
        assert density == pytest.approx(1, abs=0.06)


def test_half_of_the_clusters():
    source = data.make_generator(0)
    centres = 6 * torch.randn(10, 16, generator=source, dtype=torch.float64)
    real = centres.repeat(100, 1) + normal(1000, 16, 1)
    fake = centres[:5].repeat(200, 1) + normal(1000, 16, 2)
    overlap, coverage = precision_recall(real=real, fake=fake, k=5), density_coverage(real=real, fake=fake)
    assert overlap.precision > 0.8 and 0.35 < overlap.recall < 0.5
    assert coverage.coverage == pytest.approx(0.5, abs=0.03) and coverage.density == pytest.approx(
        1, abs=0.15
    )


def test_memorisation_on_paper():
    train, held = torch.tensor([[0.0], [10.0]]), torch.tensor([[1.0], [20.0]])
    fake = torch.tensor([[0.25], [2.0], [10.0], [15.0]])  # to train .25 2 0 5, to held-out .75 1 9 5
    memory = memorisation(fake=fake, train=train, held_out=held)
    assert memory.share == pytest.approx((1 + 0 + 1 + 0.5) / 4)
    assert memory.ratio == pytest.approx(0.25 / 1.0)  # torch's median is the lower middle
    assert memorisation(fake=train, train=train, held_out=held) == (1.0, 0.0)
    assert memorisation(fake=held, train=train, held_out=held) == (0.0, math.inf)
    assert memorisation(fake=held, train=held, held_out=held) == (0.5, 1.0)


def test_memorisation_of_the_innocent_and_of_a_tenth():
    shares = []
    for seed in range(10):
        train, held, fake = normal(300, 8, seed), normal(300, 8, seed + 50), normal(300, 8, seed + 99)
        shares.append(memorisation(fake=fake, train=train, held_out=held).share)
        mixed = torch.cat([train[:30], fake[30:]])
        more = memorisation(fake=mixed, train=train, held_out=held)
        assert 0.02 < more.share - shares[-1] < 0.09 and 0.9 < more.ratio < 1.1  # the median hardly moves
    assert sum(shares) / 10 == pytest.approx(0.5, abs=0.04)


# --- what is refused ---


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
        (
            torch.zeros(5, 3),
            torch.full((5, 3), -1e39, dtype=torch.float64),
            r"fake has values beyond 1e\+38 in 5",
        ),
        (
            torch.zeros(5, 3, dtype=torch.cfloat),
            torch.zeros(5, 3),
            r"real has complex values \(torch.complex64\)",
        ),
    ],
)
def test_wrong_features_are_refused(real, fake, message):
    with pytest.raises(ValueError, match=message):
        frechet_distance(real=real, fake=fake)


X, Y = torch.zeros(6, 3), torch.ones(6, 3)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: inception_score(torch.zeros(5)), "logits must be a tensor"),
        (lambda: inception_score(torch.zeros(5, 10), splits=3), "needs at least 6"),
        (lambda: inception_score(torch.full((5, 10), math.nan)), "NaN or infinity in 5 of 5"),
        (lambda: inception_score(torch.zeros(5, 10), splits=0), "splits must be"),
        (lambda: kid(real=X, fake=Y[:1]), "fake has 1 sample"),
        (lambda: kid(real=X, fake=Y, subset_size=7), "subset_size is 7: expected 2 to 6"),
        (lambda: kid(real=X, fake=Y, subset_size=4, subsets=0), "subsets must be"),
        (lambda: kid(real=X, fake=Y[:, :2]), "use one classifier"),
        (lambda: precision_recall(real=X[:3], fake=Y, k=3), "real has 3 sample"),
        (lambda: precision_recall(real=X, fake=Y, k=0), "k must be"),
        (lambda: density_coverage(real=X, fake=Y[:5], k=5), "fake has 5 sample"),
        (lambda: memorisation(fake=X, train=Y, held_out=Y[:4]), "cut the larger set"),
        (lambda: memorisation(fake=X[:, :2], train=Y, held_out=Y), "as many columns"),
        (lambda: memorisation(fake=torch.zeros(5, 1, 2, 2), train=Y, held_out=Y), "flatten"),
        (lambda: frechet_bias(X, n=1), "n must be"),
        (lambda: frechet_bias(X[:1], n=10), "real has 1 sample"),
        (lambda: fid_infinity(real=X, fake=Y, sizes=[4]), "two or more"),
        (lambda: fid_infinity(real=X, fake=Y, sizes=[4, 7]), "none above 6"),
        (lambda: fid_infinity(real=X[:4], fake=Y, sizes=[3, 5], both=True), "none above 4"),
    ],
)
def test_wrong_arguments_are_refused(call, message):
    with pytest.raises(ValueError, match=message):
        call()


def test_large_features_are_no_problem_up_to_where_they_are_refused():
    real, fake = normal(60, 4, 0), normal(60, 4, 1) + 0.5
    c, most = 1e18, 0.999e38 / max(real.abs().max(), fake.abs().max()).item()
    one, two = kid(real=c * real, fake=c * fake), kid(real=most * real, fake=most * fake)
    assert two / one == pytest.approx((most / c) ** 6, rel=1e-9)  # nothing but the cube is left
    one = frechet_distance(real=real, fake=fake)
    assert frechet_distance(real=most * real, fake=most * fake) / most**2 == pytest.approx(one, rel=1e-9)
    for score in (precision_recall, density_coverage):
        assert score(real=most * real, fake=most * fake) == pytest.approx(score(real=real, fake=fake))


def test_integers_of_numpy_are_integers():
    x, y, i = normal(200, 4, 0), normal(200, 4, 1), np.int64
    logits = 2 * normal(60, 5, 2)
    assert inception_score(logits, splits=i(3)) == inception_score(logits, splits=3)
    assert kid(real=x, fake=y, subset_size=i(9), subsets=i(3)) == kid(
        real=x, fake=y, subset_size=9, subsets=3
    )
    for score in (precision_recall, density_coverage):
        assert score(real=x, fake=y, k=i(2)) == score(real=x, fake=y, k=2)
    assert frechet_bias(x, n=i(50), m=i(60)) == frechet_bias(x, n=50, m=60)
    few = np.array([50, 100])
    assert (
        fid_infinity(real=x, fake=y, sizes=few).scores == fid_infinity(real=x, fake=y, sizes=[50, 100]).scores
    )


def test_real_and_fake_cannot_be_mixed_up():
    with pytest.raises(TypeError):
        frechet_distance(torch.zeros(5, 3), torch.zeros(5, 3))


@pytest.mark.parametrize("score", [kid, precision_recall, density_coverage, fid_infinity])
def test_no_score_takes_real_and_fake_by_position(score):
    with pytest.raises(TypeError):
        score(X, Y)
