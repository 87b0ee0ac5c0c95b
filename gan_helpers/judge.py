"""The bench that generators of digits are judged on: a classifier, its features, and a distance.

The classifier is trained once, in seconds, then cached. `Judge` holds it together with the three parts of the
data, so that every lesson measures in the same way: 2,000 samples from fixed noise against the report part.
(Fewer where the data are few: as many as the floor was measured with, 719 for the 1,797 of digits8.)
"""

from __future__ import annotations

import hashlib
import inspect
import math
import pickle
from pathlib import Path
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from gan_helpers._files import cache_folder, whole
from gan_helpers.data import Images, People, Splits, batches, split
from gan_helpers.data.people import RANGES, SHARES
from gan_helpers.metrics import frechet_distance
from gan_helpers.seeds import integer, make_generator


class Recipe(NamedTuple):
    """Everything that training depends on, besides the data and the code of this file."""

    channels: tuple[int, int]
    kernel: int
    steps: int
    batch: int
    rate: float
    shift: float  # largest random shift while training, in pixels
    turn: float  # largest random rotation, in degrees


RECIPES = {
    28: Recipe(channels=(16, 32), kernel=3, steps=600, batch=64, rate=4e-3, shift=2.0, turn=10.0),
    8: Recipe(channels=(16, 32), kernel=3, steps=500, batch=64, rate=4e-3, shift=0.5, turn=8.0),
}
FEATURES, CLASSES = 64, 10
SAMPLES = 2000  # images that a distance looks at, if there are as many to fit


def digit_classifier(train: Images) -> nn.Sequential:
    """A classifier of the digits in `train`, 28 x 28 or 8 x 8: trained once, then read from the cache.

    Two convolutions, a layer of 64 features, ten logits; `classifier[:-1]` gives the features. Trained on
    4,000 images of MNIST it reads 98 % of others, on `rendered` practically all.

    Pass a part of the data that nothing else uses. On one machine the same images give the same
    classifier: training draws from a source of its own, on one thread. It takes a few seconds; the result
    is kept in `cache_folder()` under a hash of recipe, code and data (a damaged file there is replaced: it
    can be made again; a printed line says so if the folder cannot be written). Returned in eval mode, its
    parameters frozen, on the images' device: (N, 1, H, W) in [-1, 1] -> (N, 10) logits.

    Raises ValueError for images of another size, type (float32) or range (without a value below 0, as in
    [0, 1], they are refused too), and for labels that are not int64, outside 0..9, or lack a digit.
    """
    if not hasattr(train, "labels"):
        raise ValueError(f"expected a part of a data set, such as parts.select, got {type(train).__name__}")
    images, labels = train.images, train.labels
    side = images.shape[-1] if images.ndim == 4 else 0
    if images.ndim != 4 or images.shape[1:] != (1, side, side) or side not in RECIPES:
        raise ValueError(f"expected images (N, 1, 28, 28) or (N, 1, 8, 8), got {tuple(images.shape)}")
    _check(images, background=True)
    if labels.dtype != torch.int64:
        raise ValueError(f"expected labels of torch.int64, got {labels.dtype}: pass labels.long()")
    if labels.shape != images.shape[:1] or set(labels.tolist()) != set(range(CLASSES)):
        raise ValueError("expected one label per image and all of 0 to 9 among them: pass a larger part")
    recipe = RECIPES[side]
    if len(images) < recipe.batch:
        raise ValueError(f"{len(images)} images are too few to train on: at least {recipe.batch}")
    path = cache_folder() / "classifiers" / f"{_key(recipe, images, labels)}.pt"
    net = _network(side, recipe, seed=0)
    if not _load(net, path):
        net = _network(side, recipe, seed=0)  # a damaged file may have been read in part
        _train(net, images.cpu(), labels.cpu(), recipe)
        try:
            _save(net, path)
        except OSError as error:
            print(f"classifier: trained, but not cached ({error.strerror or error}); "
                  "set GAN_CACHE_DIR to a folder you may write to.")  # fmt: skip
    net.side = side  # what it reads
    return net.requires_grad_(False).eval().to(images.device)


def _check(images: object, background: bool = False) -> None:
    """Raise ValueError unless `images` is a float32 tensor in [-1, 1] whose digits are not in [0, 1].

    With `background`, for real images, which have one at -1, all images without a value below 0 are refused.
    """
    if isinstance(images, tuple):
        raise ValueError("expected a tensor of images, got a tuple (a whole data set?): pass its .images")
    if not isinstance(images, Tensor) or images.dtype != torch.float32:
        got = images.dtype if isinstance(images, Tensor) else type(images).__name__
        remedy = "images.float()" if isinstance(images, Tensor) else "torch.as_tensor(images).float()"
        raise ValueError(f"expected a tensor of torch.float32, got {got}: pass {remedy}, in [-1, 1]")
    low, high = images.aminmax() if images.numel() else (torch.tensor(math.nan),) * 2
    if not (low >= -1.001 and high <= 1.001):
        raise ValueError(
            f"images run from {low:.3g} to {high:.3g}: expected values in [-1, 1], the range of the course's "
            "data (a generator without tanh? data in 0..1 or 0..255? NaN from a diverged run?)"
        )
    if low >= -0.01 and (background or (high > 0.9 and images.median() < 0.2)):
        raise ValueError(
            f"images run from {low:.3g} to {high:.3g}, digits without a background of -1: expected values in "
            "[-1, 1]. If these are in [0, 1], pass 2 * images - 1"
        )


def _network(side: int, recipe: Recipe, seed: int) -> nn.Sequential:
    """The network with weights by He's law, drawn from a source of its own."""
    one, two = recipe.channels
    pad = recipe.kernel // 2
    skip = nn.utils.skip_init
    net = nn.Sequential(
        skip(nn.Conv2d, 1, one, recipe.kernel, padding=pad), nn.ReLU(), nn.MaxPool2d(2),
        skip(nn.Conv2d, one, two, recipe.kernel, padding=pad), nn.ReLU(), nn.MaxPool2d(2),
        nn.Flatten(),
        skip(nn.Linear, two * (side // 4) ** 2, FEATURES), nn.LeakyReLU(0.1),
        skip(nn.Linear, FEATURES, CLASSES),
    )  # fmt: skip
    generator = make_generator(seed)
    with torch.no_grad():
        for p in net.parameters():
            if p.ndim > 1:
                p.normal_(0, math.sqrt(2 / p[0].numel()), generator=generator)
            else:
                p.zero_()
    return net


def _train(net: nn.Module, images: Tensor, labels: Tensor, recipe: Recipe) -> None:
    """Cross-entropy with slightly moved and turned images, Adam, rate up and down again; one thread."""
    threads, source = torch.get_num_threads(), make_generator(1)
    optimizer = torch.optim.Adam(net.parameters(), lr=recipe.rate)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, recipe.rate, total_steps=recipe.steps)
    torch.set_num_threads(1)  # sums in the same order, whatever the machine's number of cores
    try:
        with torch.enable_grad():
            for x, y in batches((images, labels), recipe.batch, seed=2, steps=recipe.steps):
                loss = F.cross_entropy(net(_moved(x, recipe, source)), y)
                optimizer.zero_grad()
                loss.backward()
                optimizer.step()
                schedule.step()
    finally:
        torch.set_num_threads(threads)


def _moved(x: Tensor, recipe: Recipe, source: torch.Generator) -> Tensor:
    """The images turned and shifted at random, background (-1) flowing in from the border."""
    angle, dx, dy = 2 * torch.rand(3, len(x), generator=source) - 1
    angle, step = angle * math.radians(recipe.turn), 2 * recipe.shift / x.shape[-1]
    rows = [angle.cos(), -angle.sin(), dx * step, angle.sin(), angle.cos(), dy * step]
    where = F.affine_grid(torch.stack(rows, 1).view(-1, 2, 3), x.shape, align_corners=False)
    return F.grid_sample(x + 1, where, align_corners=False) - 1


def _key(recipe: Recipe, images: Tensor, labels: Tensor) -> str:
    used = (_network, _train, _moved, batches, make_generator)
    code = "".join(inspect.getsource(function) for function in used)
    digest = hashlib.sha256(repr((recipe, code, torch.__version__)).encode())
    digest.update(images.cpu().contiguous().numpy().tobytes())
    digest.update(labels.cpu().contiguous().numpy().tobytes())
    return digest.hexdigest()[:16]


def _load(net: nn.Module, path: Path) -> bool:
    try:
        net.load_state_dict(torch.load(path, weights_only=True))
    except (OSError, RuntimeError, EOFError, ValueError, TypeError, AttributeError, pickle.UnpicklingError):
        return False
    return all(bool(p.isfinite().all()) for p in net.parameters())


def _save(net: nn.Module, path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with whole(path) as file:
        torch.save(net.state_dict(), file)


def features_and_logits(classifier: nn.Sequential, images: Tensor,
                        batch_size: int = 500) -> tuple[Tensor, Tensor]:  # fmt: skip
    """What a classifier of `digit_classifier` makes of images (N, 1, H, W): (N, 64) and (N, 10), no gradient.

    Raises ValueError for another network, and for images of another shape, type or range: rescaled or
    unbounded images would get features, but not comparable ones. Digits in [0, 1] lie in [-1, 1] and are
    refused as well: no pixel below -0.01, half of them below 0.2, one above 0.9. No generator with tanh that
    was tried makes such images, be it untrained, young or diverged. One with a sigmoid does, until it has
    lost against data in [-1, 1]: then its images are 0 everywhere, and are judged.
    """
    if not hasattr(classifier, "side"):
        raise ValueError("expected a classifier made by digit_classifier: other networks have other features")
    if isinstance(images, Tensor) and (images.ndim != 4 or images.shape[1] != 1 or len(images) == 0):
        raise ValueError(f"expected images (N, 1, H, W), got {tuple(images.shape)}")
    _check(images)
    side = classifier.side
    if images.shape[2:] != (side, side):
        raise ValueError(f"this classifier reads {side} x {side} images, got {tuple(images.shape)}")
    with torch.no_grad():
        parts = images.split(integer(batch_size, "batch_size"))
        features = torch.cat([classifier[:-1](part) for part in parts])
        return features, classifier[-1](features)


class Judge(NamedTuple):
    """What `make_judge` returns: the parts of the data, and everything that measuring samples needs."""

    parts: Splits  # train on parts.fit; parts.select trained the classifier; parts.report is the measure
    classifier: nn.Sequential  # (n, 1, H, W) -> (n, 10) logits; reads digits
    features: Tensor  # (m, 64), of the report part
    floor: float  # the distance of `samples` real images of the fit part: no generator can be expected below

    @property
    def samples(self) -> int:
        """How many images a distance looks at: 2,000, or all of the fit part if these are fewer."""
        return min(SAMPLES, len(self.parts.fit.images))

    def distance(self, images: Tensor) -> float:
        """Squared Fréchet distance of images (n, 1, H, W) or (n, H·W) from real ones, in 64 features.

        At most the first `samples` are looked at, because the distance depends on n, and the floor with it.
        """
        features, _ = self.look_at(images[: self.samples])
        return frechet_distance(real=self.features, fake=features)

    def look_at(self, images: Tensor) -> tuple[Tensor, Tensor]:
        """(features (n, 64), probabilities (n, 10)) of images (n, 1, H, W) or (n, H·W)."""
        side = self.classifier.side
        if isinstance(images, Tensor) and images.shape[1:] == (side * side,):
            images = images.unflatten(1, (1, side, side))
        features, logits = features_and_logits(self.classifier, images)
        return features, logits.softmax(1)

    def noise(self, z_dim: int) -> Tensor:
        """(samples, z_dim): the noise that every generator is measured with, the same in each call."""
        z = torch.randn(self.samples, integer(z_dim, "z_dim"), generator=make_generator(10**6))
        return z.to(self.features.device)

    def generate(self, G: nn.Module, z_dim: int) -> Tensor:
        """G's samples from `noise(z_dim)`, 500 at a time, without gradient; G's mode is left as it is."""
        with torch.no_grad():
            return torch.cat([G(z) for z in self.noise(z_dim).split(500)])


def make_judge(images: Images) -> Judge:
    """The bench for a data set of digits: fit, select and report are 40, 40 and 20 % of it, split by seed 0.

    `images` are 28 x 28 or 8 x 8, in [-1, 1], with labels 0 to 9. Every call with the same images gives the
    same judge. Raises ValueError as `data.split` and `digit_classifier` do.
    """
    parts = split(images, seed=0, fit=0.4, select=0.4, report=0.2)
    classifier = digit_classifier(parts.select)
    features, _ = features_and_logits(classifier, parts.report.images[:SAMPLES])
    real, _ = features_and_logits(classifier, parts.fit.images[:SAMPLES])
    return Judge(parts, classifier, features, frechet_distance(real=features, fake=real))


# ---------------------------------------------------------------- people


class ReaderRecipe(NamedTuple):
    """Everything that training a reader of people depends on, besides the data and the code of this file."""

    channels: tuple[int, int, int]
    steps: int
    batch: int
    rate: float


READER = ReaderRecipe(channels=(24, 48, 64), steps=1000, batch=64, rate=6e-3)


def people_reader(train: Images) -> nn.Sequential:
    """A network that reads every factor of drawn `people`: trained once, then read from the cache.

    (n, 3, 32 or 64, same) in [-1, 1] -> (n, 20), in the order of `People`: a continuous factor's place in its
    range, from -1 to 1, or the logit of a yes/no factor. `reader[:-1]` gives 64 features. `read_people` and
    `reader_table` say what it reads, and how well. Trained on one thread in about 20 CPU-seconds; everything
    else as in `digit_classifier`: pass a part of the data that nothing else uses.

    Raises ValueError for images without the factors of people, of another size, or too few.
    """
    if not isinstance(train.factors, People) or len(train.images) < READER.batch:
        raise ValueError(f"expected at least {READER.batch} images of data.people, with their factors")
    _coloured(train.images)
    targets = torch.stack([_place(name, column) for name, column in train.factors._asdict().items()], 1)
    digest = hashlib.sha256("".join(map(inspect.getsource, (_reader, _train_reader, batches))).encode())
    digest.update(repr((READER, torch.__version__)).encode())
    for x in (train.images, targets):
        digest.update(x.cpu().contiguous().numpy().tobytes())
    path = cache_folder() / "classifiers" / f"people-{digest.hexdigest()[:16]}.pt"
    net = _reader(READER)
    if not _load(net, path):
        net = _reader(READER)
        _train_reader(net, train.images.cpu(), targets, READER)
        try:
            _save(net, path)
        except OSError as error:
            print(f"reader of people: trained, but not cached ({error.strerror}); "
                  "set GAN_CACHE_DIR to a folder you may write to.")  # fmt: skip
    return net.requires_grad_(False).eval().to(train.images.device)


def _place(name: str, column: Tensor) -> Tensor:
    """A factor as the reader is taught it: -1 to 1 over its range, or 0 and 1 for no and yes."""
    if name in SHARES:
        return column.float()
    low, high = RANGES[name]
    return (column - low) * (2 / (high - low)) - 1


def _coloured(images: Tensor) -> None:
    if images.ndim != 4 or tuple(images.shape[1:]) not in ((3, 32, 32), (3, 64, 64)) or len(images) == 0:
        raise ValueError(f"expected images (n, 3, 32, 32) or (n, 3, 64, 64), got {tuple(images.shape)}")
    _check(images)


def _reader(recipe: ReaderRecipe) -> nn.Sequential:
    """The network with weights by He's law, drawn from a source of its own; it sees 32 x 32 pixels."""
    one, two, three = recipe.channels
    skip = nn.utils.skip_init
    net = nn.Sequential(
        nn.AdaptiveAvgPool2d(32),
        skip(nn.Conv2d, 3, one, 4, stride=2, padding=1), nn.ReLU(),
        skip(nn.Conv2d, one, two, 4, stride=2, padding=1), nn.ReLU(),
        skip(nn.Conv2d, two, three, 4, stride=2, padding=1), nn.ReLU(),
        nn.Flatten(),
        skip(nn.Linear, three * 4 * 4, FEATURES), nn.LeakyReLU(0.1),
        skip(nn.Linear, FEATURES, len(People._fields)),
    )  # fmt: skip
    generator = make_generator(0)
    with torch.no_grad():
        for p in net.parameters():
            if p.ndim > 1:
                p.normal_(0, math.sqrt(2 / p[0].numel()), generator=generator)
            else:
                p.zero_()
    return net


def _train_reader(net: nn.Module, images: Tensor, targets: Tensor, recipe: ReaderRecipe) -> None:
    """Squared error of the continuous factors, cross-entropy of the others; Adam, one thread."""
    threads = torch.get_num_threads()
    optimizer = torch.optim.Adam(net.parameters(), lr=recipe.rate)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, recipe.rate, total_steps=recipe.steps)
    torch.set_num_threads(1)  # sums in the same order, whatever the machine's number of cores
    try:
        with torch.enable_grad():
            for x, y in batches((images, targets), recipe.batch, seed=2, steps=recipe.steps):
                places, logits = net(x).split([len(RANGES), len(SHARES)], 1)
                loss = F.mse_loss(places, y[:, : len(RANGES)])
                loss = loss + F.binary_cross_entropy_with_logits(logits, y[:, len(RANGES) :])
                optimizer.zero_grad()
                loss.backward()
                optimizer.step()
                schedule.step()
    finally:
        torch.set_num_threads(threads)


def reader_features(reader: nn.Sequential, images: Tensor) -> Tensor:
    """(n, 64): what `reader` makes of pictures of people, for `frechet_distance`; no gradient."""
    _coloured(images)
    with torch.no_grad():
        return torch.cat([reader[:-1](part) for part in images.split(500)])


def read_people(reader: nn.Sequential, images: Tensor) -> People:
    """The table of people that `reader` sees: `data.draw_people(read_people(reader, x))` draws them.

    Values outside a factor's range are read as its ends, a yes/no factor as True from a probability of 1/2.
    """
    with torch.no_grad():
        outputs = reader[-1](reader_features(reader, images)).cpu()
    columns = {}
    for name, column in zip(People._fields, outputs.T, strict=True):
        low, high = RANGES.get(name, (0, 1))
        columns[name] = column > 0 if name in SHARES else low + (high - low) / 2 * (column.clamp(-1, 1) + 1)
    return People(**columns)


def reader_scores(read: People, true: People) -> dict[str, float]:
    """How well factors are read: the share of right ones (yes/no), or R² = 1 - mean squared error / variance.

    Of yes/no factors always guessing the commoner answer gets 0.5 to 0.75 (`data.people.SHARES`), of
    continuous ones the mean gets 0. Raises ValueError for tables of different length.
    """
    if len(read.x) != len(true.x):
        raise ValueError(f"{len(read.x)} people were read, but {len(true.x)} are to be compared with")
    scores = {}
    for name, ours, theirs in zip(People._fields, read, true, strict=True):
        if name in SHARES:
            scores[name] = (ours == theirs).double().mean().item()
        else:
            ours, theirs = ours.double(), theirs.double()
            error = (ours - theirs).square().mean()
            scores[name] = (1 - error / theirs.var(correction=0)).item()
    return scores


def reader_table(scores: dict[str, float]) -> str:
    """The scores as text, a factor a line: "glasses  right .99", "smile  R² .76"."""
    return "\n".join(f"{name:<13}{'right' if name in SHARES else 'R²':<6}{value:5.2f}"
                     for name, value in scores.items())  # fmt: skip


def factor_coverage(*, real: People, fake: People, bins: int = 10, share: float = 0.2) -> dict[str, float]:
    """Per factor the share of the real range that samples reach, from 0 to 1.

    The factor's range is cut into `bins` equal ones (yes/no: two). Those that hold at least 2 % of the real
    people count; one is reached if samples are there at least `share` times as often as real people. Read
    both tables with the same reader, because it shortens the range of what it reads badly. 1 for equal
    sources, 0.5 for samples that stay in half of the range, 1 / bins for a single person.

    Raises ValueError for fewer than 200 people in a table: chance would leave bins empty.
    """
    if min(len(real.x), len(fake.x)) < 200:
        raise ValueError(f"{len(real.x)} real and {len(fake.x)} fake people: at least 200 of each are needed")
    covered = {}
    for name, *columns in zip(People._fields, real, fake, strict=True):
        low, high = RANGES.get(name, (0, 1))
        k = 2 if name in SHARES else bins
        places = [((column.double() - low) / (high - low) * k).long().clamp(0, k - 1) for column in columns]
        of_real, of_fake = (torch.bincount(place, minlength=k) / len(place) for place in places)
        counts = of_real >= 0.02
        covered[name] = (of_fake >= share * of_real)[counts].double().mean().item()
    return covered


class PeopleJudge(NamedTuple):
    """What `make_people_judge` returns: as `Judge`, for people, and what is known of their factors."""

    parts: Splits  # train on parts.fit; parts.select trained the reader; parts.report is the measure
    reader: nn.Sequential  # (n, 3, size, size) -> (n, 20)
    features: Tensor  # (m, 64), of the report part
    floor: float  # the distance of real people, those of the fit part: no generator can be expected below
    people: People  # the report part as the reader reads it
    scores: dict[str, float]  # how well it reads it

    def distance(self, images: Tensor) -> float:
        """Squared Fréchet distance of the first `samples` images (n, 3, size, size) from real ones."""
        return frechet_distance(real=self.features, fake=reader_features(self.reader, images[: self.samples]))

    def read(self, images: Tensor) -> People:
        """The table of people that the reader sees in images (n, 3, size, size)."""
        return read_people(self.reader, images)

    def coverage(self, images: Tensor) -> dict[str, float]:
        """`factor_coverage` of images (n, 3, size, size), n at least 200."""
        return factor_coverage(real=self.people, fake=self.read(images))

    samples, noise, generate = Judge.samples, Judge.noise, Judge.generate


def make_people_judge(images: Images) -> PeopleJudge:
    """The bench for `data.people`: fit, select and report are 40, 40 and 20 % of it, split by seed 0.

    With 20,000 people it reads glasses, hats, beards and long hair almost without error; `scores` says how
    well each factor. Raises ValueError as `data.split` and `people_reader` do.
    """
    parts = split(images, seed=0, fit=0.4, select=0.4, report=0.2)
    reader = people_reader(parts.select)
    features, real = (reader_features(reader, part.images[:SAMPLES]) for part in (parts.report, parts.fit))
    people = read_people(reader, parts.report.images)
    scores = reader_scores(people, parts.report.factors)
    return PeopleJudge(parts, reader, features, frechet_distance(real=features, fake=real), people, scores)
