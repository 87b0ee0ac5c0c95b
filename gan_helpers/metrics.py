"""How good is a generator? Scores of samples, from features of a classifier or from points in the plane.

`real` and `fake` are passed by name, because most scores change their meaning when the two are swapped.
Features (n, d) and logits (n, K) come from `features_and_logits`; everything is computed in float64 on the
CPU. A score depends on the classifier and on the numbers of images, so it means something only beside the
same score of real images, at the same numbers. Built from the formulas in notebook 07.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import NamedTuple

import torch
from torch import Tensor

from gan_helpers.seeds import Seed, integer, make_generator

__all__ = [
    "Coverage",
    "Extrapolation",
    "Memory",
    "Modes",
    "Overlap",
    "density_coverage",
    "fid_infinity",
    "frechet_bias",
    "frechet_distance",
    "inception_score",
    "kid",
    "memorisation",
    "mode_coverage",
    "precision_recall",
    "reverse_kl",
    "reverse_kl_floor",
]
BLOCK = 500  # rows of a distance table that are in memory at a time
LARGEST = 1e38  # about the largest float32; the cube in `kid` would leave float64 at 1e51


def _rows(x: object, name: str, least: int, what: str = "a feature tensor (n, d)") -> Tensor:
    """`x` as float64 on the CPU, or a ValueError that names cause and remedy."""
    if not isinstance(x, Tensor) or x.ndim != 2 or x.shape[1] == 0:
        got = tuple(x.shape) if isinstance(x, Tensor) else type(x).__name__
        raise ValueError(f"{name} must be {what}, got {got}: images need a classifier (or .flatten(1)) first")
    if x.is_complex():
        raise ValueError(f"{name} has complex values ({x.dtype}): pass its real part, or its absolute values")
    if len(x) < least:
        raise ValueError(f"{name} has {len(x)} sample(s), but this needs at least {least}")
    x = x.detach().to("cpu", torch.float64)
    if bad := int((~(x.abs() <= LARGEST)).any(1).sum()):
        kind = "NaN or infinity" if not x.isfinite().all() else f"values beyond {LARGEST:.0e}"
        raise ValueError(f"{name} has {kind} in {bad} of {len(x)} rows: a diverged generator?")
    return x


def _pair(real: object, fake: object, least: int = 2) -> tuple[Tensor, Tensor]:
    real, fake = _rows(real, "real", least), _rows(fake, "fake", least)
    if real.shape[1] != fake.shape[1]:
        raise ValueError(
            f"real has {real.shape[1]} features and fake {fake.shape[1]}: use one classifier for both"
        )
    return real, fake


# ---------------------------------------------------------------- sharp and varied


def inception_score(logits: Tensor, *, splits: int = 1) -> float:
    """exp(mean KL(p(y|x) ‖ p(y))), from 1 to the number of classes (Salimans et al. 2016).

    logits (n, K) of *generated* images: real images play no part. p(y) is the mean over the same rows.
    With `splits`, the mean of the scores of that many consecutive parts; the score is biased downwards
    for small parts, so compare at equal n and equal splits. Large logits are no problem (log-softmax).

    Raises ValueError unless logits are finite and there are two rows or more per part, and for probabilities:
    rows without a negative number that all add up to 1.
    """
    splits = integer(splits, "splits")
    logits = _rows(logits, "logits", 2 * splits, "a tensor (n, classes)")
    if (logits >= 0).all() and ((logits.sum(1) - 1).abs() < 0.01).all():
        raise ValueError("expected logits, but these rows are probabilities p: pass p.clamp(min=1e-12).log()")
    scores = []
    for part in logits.tensor_split(splits):
        log_p = part.log_softmax(1)
        log_marginal = log_p.logsumexp(0) - math.log(len(part))
        scores.append((log_p.exp() * (log_p - log_marginal)).sum(1).mean().exp())
    return torch.stack(scores).mean().item()


# ---------------------------------------------------------------- moments


def frechet_distance(*, real: Tensor, fake: Tensor) -> float:
    """Squared Fréchet distance of the Gaussians with the features' means and covariances.

    |μ_r - μ_f|² + Tr(Σ_r + Σ_f - 2 (Σ_r Σ_f)^½), Heusel et al. 2017; "FID" when the features come
    from an Inception network. real (n, d), fake (m, d), computed in float64; covariances divide by n - 1.
    The trace of the root is Σ √λ_i with λ_i the eigenvalues of the symmetric Σ_r^½ Σ_f Σ_r^½. Rounding
    can make the distance of equal sets slightly negative (about -1e-6 Tr Σ when n < d). It grows as c² with
    features times c, and is biased upwards for small n: compare at equal n only, beside real against real.

    Raises ValueError unless the shapes are (n, d) and (m, d) with 2 rows or more each, all finite.
    """
    return _frechet(*_pair(real, fake))


def _frechet(real: Tensor, fake: Tensor) -> float:
    (mean_r, cov_r), (mean_f, cov_f) = (_moments(x) for x in (real, fake))
    values, vectors = torch.linalg.eigh(cov_r)
    root = (vectors * values.clamp(min=0).sqrt()) @ vectors.T
    cross = torch.linalg.eigvalsh(root @ cov_f @ root).clamp(min=0).sqrt().sum()
    return ((mean_r - mean_f).square().sum() + cov_r.trace() + cov_f.trace() - 2 * cross).item()


def _moments(x: Tensor) -> tuple[Tensor, Tensor]:
    centred = x - x.mean(0)
    return x.mean(0), centred.T @ centred / (len(x) - 1)


def frechet_bias(real: Tensor, *, n: int, m: int | None = None) -> float:
    """What `frechet_distance` reads, on average, for n and m images from the *same* source: its floor.

    To leading order in 1/n, with u the centred features in the basis of their covariance's eigenvectors
    and λ its eigenvalues: (1/n + 1/m) [Σ λ_i + ½ Σ_ij (E u_i² u_j² - (E u_i u_j)²) / (λ_i + λ_j)]; for a
    Gaussian the bracket is 1¼ Σ λ_i + ½ Σ_ij λ_i λ_j / (λ_i + λ_j). `real` (N, d) are features from which
    the moments are taken; m is n by default, math.inf for exact statistics on one side.

    Raises ValueError unless N ≥ 5 d (from d rows the result is half of what it should be, from 5 d 90 %) and
    n, m ≥ d (below, the leading order is not enough: at n = d/6 it is twice the truth); d counts the
    features that vary.
    """
    real = _rows(real, "real", 2)
    n, m = integer(n, "n", least=2), m if m == math.inf else integer(n if m is None else m, "m", least=2)
    mean, cov = _moments(real)
    d = _varying(real)
    if len(real) < 5 * d:
        raise ValueError(f"real has {len(real)} rows for {d} features: this needs {5 * d} or more")
    if min(n, m) < d:
        raise ValueError(f"n and m must be at least {d}, the number of features: the formula is for large n")
    values, vectors = torch.linalg.eigh(cov)
    alive = values > 1e-10 * values.max()
    values, u2 = values[alive], ((real - mean) @ vectors[:, alive]).square()
    fourth = u2.T @ u2 / len(u2) - torch.diag(values.square())
    bracket = values.sum() + 0.5 * (fourth / (values[:, None] + values)).sum()
    return ((1 / n + 1 / m) * bracket).item()


def _varying(x: Tensor) -> int:
    """How many features are not the same in all rows."""
    return int((x != x[0]).any(0).sum())


class Extrapolation(NamedTuple):
    """A score as a function of the number of images: `value` is its limit for infinitely many."""

    value: float
    slope: float  # score = value + slope / N
    sizes: list[int]
    scores: list[float]


def fid_infinity(*, real: Tensor, fake: Tensor, sizes: Sequence[int] | None = None, both: bool = False,
                 seed: Seed = 0) -> Extrapolation:  # fmt: skip
    """The Fréchet distance for infinitely many fakes: its values at N of them against 1/N, extended to 0.

    Chong & Forsyth 2020 (arXiv:1911.07023). By default 15 sizes from a fifth of the fakes to all of them,
    each a fresh random choice, against all of `real`: the bias that comes from a finite real set stays.
    With `both`, N real and N fake images are compared, which removes it.

    Raises ValueError for fewer than two different sizes, or sizes that are not there, and for sizes below
    2 d, d counting the features that vary: there the distance is no line in 1/N, and the value far too low
    (for fakes of the real source -0.3 to -0.6 of the distance at 3 d fakes, -0.1 at 10 d).
    """
    real, fake = _pair(real, fake)
    most = min(len(real), len(fake)) if both else len(fake)
    d = max(_varying(real), _varying(fake), 1)
    if sizes is None:
        if most < 10 * d:
            raise ValueError(f"{most} images are too few: with {d} features this needs {10 * d} or more")
        sizes = [round(s) for s in torch.linspace(most / 5, most, 15, dtype=torch.float64).tolist()]
    sizes = [integer(size, "size", least=2) for size in sizes]
    if len(set(sizes)) < 2 or max(sizes) > most:
        raise ValueError(f"sizes {sizes}: expected two or more different ones, none above {most}")
    if min(sizes) < 2 * d:
        raise ValueError(f"sizes {sizes}: with {d} features none may be below {2 * d}")
    source = make_generator(seed)
    scores = []
    for size in sizes:
        some = fake[torch.randperm(len(fake), generator=source)[:size]]
        scores.append(
            _frechet(real[torch.randperm(len(real), generator=source)[:size]] if both else real, some)
        )
    inverse = 1 / torch.tensor(sizes, dtype=torch.float64)
    line = torch.stack([torch.ones_like(inverse), inverse], 1)
    # not the default driver, "gelsy": it reads its pivots from memory that nobody has cleared, so equal
    # calls differ in the last digits (pytorch/pytorch#71222); two different sizes make full rank, which
    # is all that "gels" asks for
    fit = torch.linalg.lstsq(line, torch.tensor(scores, dtype=torch.float64)[:, None], driver="gels")
    value, slope = fit.solution
    return Extrapolation(value.item(), slope.item(), sizes, scores)


# ---------------------------------------------------------------- a kernel


def kid(*, real: Tensor, fake: Tensor, subset_size: int | None = None, subsets: int = 50,
        seed: Seed = 0) -> float:  # fmt: skip
    """Kernel distance: the unbiased squared MMD with k(x, y) = (x·y/d + 1)³ (Bińkowski et al. 2018).

    real (n, d) and fake (m, d). Its mean is 0 for samples of one source, whatever n: about half of such
    values are negative, and none is clipped. By default all pairs are used; with `subset_size`, the mean over
    `subsets` random subsets of that size, drawn by `seed`, as in published code. It depends on the scale of
    the features through the cube: compare values of one classifier only.
    """
    real, fake = _pair(real, fake)
    if subset_size is None:
        return _mmd(real, fake)
    subset_size, subsets = integer(subset_size, "subset_size"), integer(subsets, "subsets")
    if not 2 <= subset_size <= min(len(real), len(fake)):
        raise ValueError(
            f"subset_size is {subset_size}: expected 2 to {min(len(real), len(fake))}, the smaller set's size"
        )
    source, values = make_generator(seed), []
    for _ in range(subsets):
        some = (x[torch.randperm(len(x), generator=source)[:subset_size]] for x in (real, fake))
        values.append(_mmd(*some))
    return sum(values) / len(values)


def _mmd(x: Tensor, y: Tensor) -> float:
    def total(a: Tensor, b: Tensor) -> Tensor:
        return sum((part @ b.T / a.shape[1] + 1).pow(3).sum() for part in a.split(BLOCK))

    def within(a: Tensor) -> Tensor:  # over pairs of different rows
        own = (a.square().sum(1) / a.shape[1] + 1).pow(3).sum()
        return (total(a, a) - own) / (len(a) * (len(a) - 1))

    return (within(x) + within(y) - 2 * total(x, y) / (len(x) * len(y))).item()


# ---------------------------------------------------------------- neighbours


class Overlap(NamedTuple):
    """Shares in [0, 1]: of the fakes that look real, and of the real images that a fake comes close to."""

    precision: float
    recall: float


class Coverage(NamedTuple):
    """`density` is about 1 at equality and can exceed it; `coverage` is a share in [0, 1]."""

    density: float
    coverage: float


def precision_recall(*, real: Tensor, fake: Tensor, k: int = 3) -> Overlap:
    """Improved precision and recall (Kynkäänniemi et al. 2019, k = 3).

    Around every row a ball that reaches to its k-th nearest neighbour in its own set (itself excluded).
    Precision: share of fakes in a real row's ball. Recall: share of real rows in a fake's ball. On the
    border counts as inside. Neither reaches 1 for equal sources, less so in many dimensions: compare with
    real against real. Swapping real and fake swaps the two. Takes O(n m) time.
    """
    k = integer(k, "k")
    real, fake = _pair(real, fake, least=k + 1)
    held, _ = _balls(fake, real, _radii(real, k))
    reached, _ = _balls(real, fake, _radii(fake, k))
    return Overlap((held > 0).double().mean().item(), (reached > 0).double().mean().item())


def density_coverage(*, real: Tensor, fake: Tensor, k: int = 5) -> Coverage:
    """Density and coverage (Naeem et al. 2020, k = 5), from balls around the real rows only.

    Density: in how many real balls a fake lies, on average, over k. Coverage: share of real balls with at
    least one fake; for one source its expectation is 1 - Π (n - i)/(m + n - i), i = 1..k. Balls as in
    `precision_recall`.
    """
    k = integer(k, "k")
    real, fake = _pair(real, fake, least=k + 1)
    held, hit = _balls(fake, real, _radii(real, k))
    return Coverage(held.double().mean().item() / k, hit.double().mean().item())


def _distances(a: Tensor, b: Tensor) -> Iterator[Tensor]:
    """Blocks of the table |a_i - b_j|. Not by way of a matrix product: equal rows are at exactly 0."""
    for part in a.split(BLOCK):
        yield torch.cdist(part, b, compute_mode="donot_use_mm_for_euclid_dist")


def _radii(x: Tensor, k: int) -> Tensor:
    """(n,): distance from each row to its k-th nearest other row."""
    radii, start = [], 0
    for table in _distances(x, x):
        table.diagonal(start).fill_(math.inf)
        radii.append(table.topk(k, 1, largest=False).values[:, -1])
        start += len(table)
    return torch.cat(radii)


def _balls(points: Tensor, centres: Tensor, radii: Tensor) -> tuple[Tensor, Tensor]:
    """For each point in how many balls it lies, (n,); for each ball whether it holds a point, (m,)."""
    counts, hit = [], torch.zeros(len(centres), dtype=torch.bool)
    for table in _distances(points, centres):
        inside = table <= radii
        counts.append(inside.sum(1))
        hit |= inside.any(0)
    return torch.cat(counts), hit


class Memory(NamedTuple):
    """Are fakes nearer to training images than to held-out ones? `share` is ½ and `ratio` 1 if not."""

    share: float
    ratio: float


def memorisation(*, fake: Tensor, train: Tensor, held_out: Tensor) -> Memory:
    """Compare each fake's nearest training row with its nearest held-out row, which it cannot know.

    All (n, d): flattened images, or features; equally many `train` and `held_out` rows, because among
    more rows the nearest is nearer. `share`: of the fakes that are nearer to `train`, a tie counting half;
    `ratio`: (lower) median distance to `train` over that to `held_out` (notebook 05, section 5; 0 for
    exact copies, 1 when both medians are 0).
    """
    named = {"fake": fake, "train": train, "held_out": held_out}
    fake, train, held_out = (_rows(x, name, 1) for name, x in named.items())
    if len(train) != len(held_out) or not fake.shape[1] == train.shape[1] == held_out.shape[1]:
        raise ValueError(
            f"train {tuple(train.shape)} and held_out {tuple(held_out.shape)} must have the same shape, and "
            f"fake {tuple(fake.shape)} as many columns: cut the larger set"
        )
    near, far = (torch.cat([t.amin(1) for t in _distances(fake, x)]) for x in (train, held_out))
    share = (near < far).double().mean() + 0.5 * (near == far).double().mean()
    a, b = near.median().item(), far.median().item()
    return Memory(share.item(), a / b if b else (1.0 if a == 0 else math.inf))


# ---------------------------------------------------------------- modes


class Modes(NamedTuple):
    """What `mode_coverage` counted; a perfect sampler's values: all modes, 0.9889 (2-D), the floor."""

    modes: int
    high_quality: float
    reverse_kl: float
    floor: float
    hits: Tensor  # (K,) int64, high-quality points per mode


def mode_coverage(points: Tensor, centres: Tensor, std: float, *, share: float = 0.2) -> Modes:
    """Count the modes that points (n, d) cover, of Gaussians of equal weight and `std` around centres (K, d).

    A point is *high-quality* within 3 std of its nearest centre; in the plane a perfect sampler has
    1 - exp(-9/2) = .9889 of these. A mode is *covered* if it holds at least `share` of n / K, its fair part
    of all points, counting high-quality ones only (as in notebook 04; "at least one" would credit noise).
    `reverse_kl` is KL(q̂ ‖ uniform) in nats, q̂ the distribution of the high-quality points over the modes, and
    `floor` its expectation for a perfect sampler with as many high-quality points. Without any such point the
    KL is not defined: it is reported as infinity, which ranks last, and high_quality is 0.

    Raises ValueError for other shapes, NaN, a std that is not positive or a share outside (0, 1].
    """
    points = _rows(points, "points", 1, "a tensor (n, d)")
    centres = _rows(centres, "centres", 1, "a tensor (K, d)")
    if points.shape[1] != centres.shape[1]:
        raise ValueError(
            f"points {tuple(points.shape)} and centres {tuple(centres.shape)} differ in dimension"
        )
    if not (0 < std < math.inf and 0 < share <= 1):
        raise ValueError(f"std={std}, share={share}: expected a positive std and a share in (0, 1]")
    distance, nearest = torch.cdist(points, centres).min(1)
    good = distance <= 3 * std
    hits = torch.bincount(nearest[good], minlength=len(centres))
    covered = int((hits >= share * len(points) / len(centres)).sum())
    floor = reverse_kl_floor(max(1, int(hits.sum())), len(centres))
    return Modes(covered, good.double().mean().item(), reverse_kl(hits), floor, hits)


def reverse_kl(counts: Tensor) -> float:
    """KL(q̂ ‖ uniform) in nats of counts (K,), from 0 to log K; infinity if all counts are 0."""
    if not isinstance(counts, Tensor) or counts.is_complex():
        raise ValueError("counts must be a tensor (K,) of real numbers: pass torch.tensor(counts)")
    counts = counts.detach().to("cpu", torch.float64)
    if counts.ndim != 1 or len(counts) == 0 or not (counts >= 0).all() or not counts.isfinite().all():
        raise ValueError(f"counts must be (K,) and not negative, got {tuple(counts.shape)}")
    if counts.sum() == 0:
        return math.inf
    q = counts / counts.sum()
    return torch.xlogy(q, q * len(q)).sum().item()


def reverse_kl_floor(n: int, modes: int) -> float:
    """Expected `reverse_kl` of n fair draws from `modes` equal modes; about (modes - 1)/(2n) if n ≥ 10 modes.

    Exact: log K + K E[c/n log c/n] with c binomial (n, 1/K).
    """
    n, modes = integer(n, "n"), integer(modes, "modes")
    if modes == 1:
        return 0.0
    c = torch.arange(1, n + 1, dtype=torch.float64)
    log_choose = math.lgamma(n + 1) - torch.lgamma(c + 1) - torch.lgamma(n - c + 1)
    chance = (log_choose - c * math.log(modes) + (n - c) * math.log1p(-1 / modes)).exp()
    return math.log(modes) + modes * (chance * torch.xlogy(c / n, c / n)).sum().item()
