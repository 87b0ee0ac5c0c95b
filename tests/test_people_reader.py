"""The reader of people: how well it reads, what it keeps, and scores whose values are known on paper."""

import pytest
import torch

from gan_helpers import data, judge
from gan_helpers.data import People
from gan_helpers.data.people import RANGES, SHARES, sample_people
from gan_helpers.games import trained_people
from gan_helpers.judge import (
    factor_coverage,
    make_people_judge,
    people_reader,
    read_people,
    reader_features,
    reader_scores,
    reader_table,
)
from gan_helpers.metrics import frechet_distance


@pytest.fixture(scope="module")
def cache(tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GAN_CACHE_DIR", str(tmp_path_factory.mktemp("cache")))
        yield tmp_path_factory


@pytest.fixture(scope="module")
def bench(cache):
    """The whole recipe, on 8,000 people."""
    return make_people_judge(data.people(20_000, seed=0))


@pytest.fixture
def brief(tmp_path, monkeypatch):
    """A recipe of a moment, and a cache of its own."""
    monkeypatch.setenv("GAN_CACHE_DIR", str(tmp_path / "cache"))
    monkeypatch.setattr(judge, "READER", judge.READER._replace(steps=20))
    return tmp_path / "cache" / "classifiers"


# Below by chance means: an R² this much lower, or this many more errors, would be a fault.
LEAST = {
    "x": 0.95, "width": 0.75, "height": 0.8, "tilt": 0.93, "turn": 0.85, "skin": 0.95, "hair_hue": 0.65,
    "hair_light": 0.87, "parting": 0.4, "eye_distance": 0.65, "brows": 0.55, "smile": 0.7, "mouth_open": 0.78,
    "clothes": 0.93, "background": 0.95, "long_hair": 0.985, "curls": 0.9, "glasses": 0.99, "beard": 0.97,
    "hat": 0.99,
}  # fmt: skip


def test_every_factor_of_unseen_people_is_read(bench):
    assert bench.scores.keys() == LEAST.keys() == set(People._fields)
    assert all(bench.scores[name] >= least for name, least in LEAST.items()), bench.scores
    assert all(score <= 1 for score in bench.scores.values())
    again = reader_scores(bench.read(bench.parts.report.images), bench.parts.report.factors)
    assert again == bench.scores
    assert bench.scores["hair_hue"] < 0.95, "black hair has hardly any hue"


def test_the_trained_generator_makes_people_of_all_kinds(bench):
    x = bench.generate(trained_people(), 32)
    read, real = bench.read(x), bench.people
    for name in SHARES:  # recorded: right to .051
        shares = [getattr(people, name).float().mean().item() for people in (read, real)]
        assert shares[0] == pytest.approx(shares[1], abs=0.1), name
    assert 8 < bench.distance(x) < 16, "recorded: 11.75; a generator that has learned nothing: about 280"
    assert sum(bench.coverage(x).values()) / len(SHARES | RANGES) > 0.95


def test_it_reads_the_large_pictures_too(bench):
    t = sample_people(500, seed=77)
    scores = reader_scores(bench.read(data.draw_people(t, size=64)), t)
    assert all(scores[name] > 0.95 for name in ("glasses", "hat", "long_hair", "beard"))
    assert all(scores[name] > 0.85 for name in ("x", "tilt", "background", "skin"))


def test_what_is_read_can_be_drawn(bench):
    x = bench.parts.report.images[:300]
    seen = data.draw_people(bench.read(x))
    right, wrong = (x - seen).abs().mean((1, 2, 3)), (x - seen.roll(1, 0)).abs().mean((1, 2, 3))
    assert (right < wrong).double().mean() > 0.98
    wild = bench.read(torch.rand(50, 3, 32, 32) * 2 - 1)  # noise, too, is read as people
    assert all(low <= getattr(wild, name).min() for name, (low, _) in RANGES.items())
    assert data.draw_people(wild).shape == (50, 3, 32, 32)


def test_the_distance_is_the_formula_and_grows_with_what_is_wrong(bench):
    real = reader_features(bench.reader, bench.parts.report.images[:2000])
    assert real.shape == (2000, 64) and torch.equal(real, bench.features)
    fit = bench.parts.fit.images
    fake = reader_features(bench.reader, fit[:2000])
    assert bench.distance(fit) == bench.floor == pytest.approx(frechet_distance(real=real, fake=fake))
    fresh = bench.distance(data.people(2000, seed=5).images)
    assert 0.4 * bench.floor < fresh < 2.5 * bench.floor
    smiling = bench.distance(data.people(2000, seed=5, smile=torch.linspace(0, 1, 2000)).images)
    hats = bench.distance(data.people(2000, seed=5, hat=True).images)
    assert 1.3 * fresh < smiling < hats and hats > 20 * bench.floor
    assert bench.distance(torch.zeros(2000, 3, 32, 32)) > 20 * bench.floor


def test_coverage_of_samples_is_that_of_their_pictures(bench):
    covered = bench.coverage(data.people(2000, seed=5, hat=True, tilt=torch.linspace(-14, 0, 2000)).images)
    assert covered["hat"] == 0.5 and 0.5 <= covered["tilt"] <= 0.6
    others = ("glasses", "long_hair", "beard", "skin", "clothes", "background", "x", "turn")
    assert all(covered[name] == 1 for name in others)
    assert set(bench.coverage(bench.parts.fit.images[:2000]).values()) == {1.0}


def test_the_judge_shares_noise_and_generate_with_that_of_digits(bench):
    z = bench.noise(16)
    assert z.shape == (2000, 16) and torch.equal(z, judge.Judge.noise(bench, 16))
    layers = torch.nn.Linear(16, 3 * 32 * 32), torch.nn.Tanh(), torch.nn.Unflatten(1, (3, 32, 32))
    assert bench.distance(bench.generate(torch.nn.Sequential(*layers), 16)) > 5 * bench.floor


# ---------------------------------------------------------------- training and cache


def test_training_is_repeatable_and_kept(brief, monkeypatch):
    x = data.people(200, seed=0)
    before = torch.get_rng_state()
    first = people_reader(x)
    assert torch.equal(torch.get_rng_state(), before)
    assert not first.training and not any(p.requires_grad for p in first.parameters())
    (path,) = brief.iterdir()
    kept = path.read_bytes()
    monkeypatch.setattr(judge, "_save", lambda *_: pytest.fail("trained again"))
    assert torch.equal(people_reader(x)[1].weight, first[1].weight)
    monkeypatch.undo()
    monkeypatch.setenv("GAN_CACHE_DIR", str(brief.parent))
    monkeypatch.setattr(judge, "READER", judge.READER._replace(steps=20))
    path.write_bytes(kept[: len(kept) // 2])
    assert torch.equal(people_reader(x)[1].weight, first[1].weight), "a damaged file is trained anew"
    assert len(path.read_bytes()) == len(kept), "and replaced"
    people_reader(data.people(200, seed=1))
    monkeypatch.setattr(judge, "READER", judge.READER._replace(steps=21))
    people_reader(x)
    assert len(list(brief.iterdir())) == 3, "other data or another recipe have a file of their own"


def test_a_cache_that_cannot_be_written_is_no_obstacle(brief, monkeypatch, capsys):
    def refuse(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(judge, "_save", refuse)
    net = people_reader(data.people(100, seed=0))
    assert net(torch.zeros(1, 3, 32, 32)).shape == (1, 20)
    assert "not cached (No space left on device)" in capsys.readouterr().out


def test_bad_input_is_refused(brief):
    x = data.people(100, seed=0)
    for wrong in (x._replace(factors=None), data.take(x, torch.arange(63)), data.rendered(100)):
        with pytest.raises(ValueError, match="at least 64 images of data.people, with their factors"):
            people_reader(wrong)
    with pytest.raises(ValueError, match="images run from .* to 255"):
        people_reader(x._replace(images=(x.images + 1) * 127.5))
    net = people_reader(x)
    for shape in ((5, 1, 32, 32), (5, 3, 28, 28), (3, 32, 32), (0, 3, 32, 32)):
        with pytest.raises(ValueError, match=r"expected images \(n, 3, 32, 32\) or"):
            read_people(net, torch.zeros(shape))
    with pytest.raises(ValueError, match="NaN"):
        reader_features(net, torch.full((2, 3, 32, 32), torch.nan))


# ---------------------------------------------------------------- scores


def test_scores_known_on_paper():
    t = sample_people(4000, seed=0)
    assert set(reader_scores(t, t).values()) == {1.0}
    means = People(*(c.float().mean().expand(len(c)) if name in RANGES else torch.zeros_like(c)
                     for name, c in t._asdict().items()))  # fmt: skip
    for name, score in reader_scores(means, t).items():
        # The mean explains nothing; "no" is right wherever it is not "yes".
        assert score == pytest.approx(1 - SHARES[name] if name in SHARES else 0, abs=0.03), name
    half = t._replace(glasses=~t.glasses, smile=-t.smile, tilt=t.tilt / 2)
    scores = reader_scores(half, t)
    assert scores["glasses"] == 0 and scores["hat"] == 1
    assert scores["smile"] == pytest.approx(-3, abs=0.01)  # 1 - E(2s)² / E s²
    assert scores["tilt"] == pytest.approx(0.75, abs=0.001)  # 1 - ¼
    with pytest.raises(ValueError, match="3 people were read, but 4000"):
        reader_scores(t.take(slice(0, 3)), t)


def test_the_table_names_the_kind_of_each_score():
    lines = reader_table({"smile": 0.756, "glasses": 1.0, "parting": -0.5}).splitlines()
    assert lines == ["smile        R²     0.76", "glasses      right  1.00", "parting      R²    -0.50"]


def test_coverage_known_on_paper():
    real = sample_people(2000, seed=0)
    assert set(factor_coverage(real=real, fake=sample_people(500, seed=1)).values()) == {1.0}
    one = real.take(torch.zeros(300, dtype=torch.int64))
    for name, value in factor_coverage(real=real, fake=one).items():
        assert value == (0.5 if name in SHARES else pytest.approx(0.1)), name
    ranks = torch.linspace(0, 1, 1000)
    fake = sample_people(1000, seed=1, smile=ranks * 0.6 - 1, skin=0.35 + 0.3 * ranks, hat=False, clothes=1.0)
    covered = factor_coverage(real=real, fake=fake)
    assert covered["smile"] == pytest.approx(0.3), "from -1 to -0.4: three tenths of the range"
    assert covered["skin"] == pytest.approx(0.4), "0.35 to 0.65 is two whole tenths and half of two more"
    assert covered["hat"] == 0.5 and covered["clothes"] == pytest.approx(0.1) and covered["tilt"] == 1
    # A place is reached from a fifth of the real share on: of 25 % hats, 5 %.
    for hats, reached in ((40, 0.5), (60, 1.0)):
        fake = sample_people(1000, seed=1, hat=torch.arange(1000) < hats)
        assert factor_coverage(real=real, fake=fake)["hat"] == reached


def test_only_where_real_people_are_can_samples_be_missing():
    real = sample_people(1000, seed=0, smile=torch.linspace(0, 1, 1000), hat=False)
    fake = sample_people(1000, seed=1)  # half of them elsewhere
    covered = factor_coverage(real=real, fake=fake)
    assert covered["smile"] == 1 and covered["hat"] == 1
    fake = sample_people(1000, seed=1, smile=torch.linspace(-1, 0.5, 1000))
    # 0 to 0.5 of 0 to 1, and the tenth in which 0.5 lies
    assert factor_coverage(real=real, fake=fake)["smile"] == pytest.approx(0.6)


def test_coverage_needs_enough_people():
    t = sample_people(400, seed=0)
    for real, fake in ((t, t.take(slice(0, 199))), (t.take(slice(0, 199)), t)):
        with pytest.raises(ValueError, match="at least 200 of each"):
            factor_coverage(real=real, fake=fake)
