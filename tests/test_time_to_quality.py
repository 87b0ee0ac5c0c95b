"""The race: recipes have the published sizes and rounds, turns alternate, a stopped race goes on exactly."""

import json
import math
import sys
from itertools import pairwise
from pathlib import Path

import pytest
import torch
from torch import nn

sys.path.insert(0, str(Path(__file__).parent.parent / "benchmarks"))
import nb06_recipes as recipes
import nb06_time_to_quality as race
import recorder

from gan_helpers import data, evidence, records
from gan_helpers.games import dcgan_game, dcgan_rounds

LOG2 = math.log(2)
MADE = {"ours", "tutorial, tuned", "MLP of 05, noise and average"}
PUBLISHED = [name for name in race.RECIPES if name not in MADE]


def count(net):
    return sum(p.numel() for p in net.parameters())


def bn(*channels):
    return sum(2 * c for c in channels)


# --- the recipes, against arithmetic ---

DENSE = (
    101 * 128 + 129 * 256 + 257 * 512 + 513 * 1024 + 1025 * 784 + bn(256, 512, 1024),
    785 * 512 + 513 * 256 + 257,
)
SIZES = {  # parameters of G and D, worked out layer by layer: kernel² · in · out, + out where there is a bias
    "tutorial, 32x32": (
        16 * (100 * 256 + 256 * 128 + 128 * 64 + 64) + bn(256, 128, 64),
        16 * (64 + 64 * 128 + 128 * 256 + 256) + bn(128, 256),
    ),
    "tutorial, tuned": (
        16 * (100 * 64 + 64 * 32 + 32 * 16 + 16) + bn(64, 32, 16),
        16 * (16 + 16 * 32 + 32 * 64 + 64) + bn(32, 64),
    ),
    "MLP of 05, noise and average": (65 * 64 + 65 * 128 + 129 * 784, 785 * 128 + 129 * 64 + 65),
    "PyTorch-GAN dcgan": (
        101 * 8192 + 9 * (128 * 128 + 128 * 64 + 64) + 128 + 64 + 1 + bn(128, 128, 64),
        9 * (16 + 16 * 32 + 32 * 64 + 64 * 128) + 16 + 32 + 64 + 128 + 513 + bn(32, 64, 128),
    ),
    "PyTorch-GAN gan": DENSE,
    "PyTorch-GAN wgan_gp": DENSE,
}
SETTINGS = {  # side, batch, rate
    "tutorial, 32x32": (32, 128, 2e-4),
    "PyTorch-GAN dcgan": (32, 64, 2e-4),
    "PyTorch-GAN gan": (28, 64, 2e-4),
    "PyTorch-GAN wgan_gp": (28, 64, 2e-4),
}


def build(name, seed=0):
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        return race.RECIPES[name]()


@pytest.mark.parametrize("name", PUBLISHED)
def test_a_published_recipe_has_its_sizes_and_settings(name):
    game, (side, batch, rate) = build(name), SETTINGS[name]
    assert (count(game.G), count(game.D)) == SIZES[name]
    assert (game.side, game.batch, game.z_dim) == (side, batch, 100)
    x = game.G(torch.randn(3, 100))
    assert x.shape == (3, 1, side, side) and x.abs().max() <= 1
    assert game.D(x).shape == (3, 1)
    for optimizer, player in ((game.opt_G, game.G), (game.opt_D, game.D)):
        (group,) = optimizer.param_groups
        assert (group["lr"], group["betas"]) == (rate, (0.5, 0.999))
        assert {id(p) for p in group["params"]} == {id(p) for p in player.parameters()}
    assert game.modes == ("train", "eval") and game.average is None and game.rounds is None


def test_what_was_made_for_the_race_has_our_adam_batch_and_average():
    tuned = ("tutorial, tuned", 32, 100, 4e-3, (0.0, 0.99))
    dense = ("MLP of 05, noise and average", 28, 64, 3e-3, (0.0, 0.9))
    for name, side, z_dim, rate, betas in (tuned, dense):
        game = build(name)
        assert (count(game.G), count(game.D)) == SIZES[name]
        assert (game.side, game.batch, game.z_dim) == (side, 64, z_dim)
        assert [opt.param_groups[0]["lr"] for opt in (game.opt_G, game.opt_D)] == [rate] * 2
        assert [opt.param_groups[0]["betas"] for opt in (game.opt_G, game.opt_D)] == [betas] * 2
        before = [p.clone() for p in game.average.parameters()]
        game.play(torch.rand(4, 1, side, side) * 2 - 1, 0)
        moved = zip(game.average.parameters(), before, strict=True)
        assert any(not torch.equal(p, q) for p, q in moved)
        assert game.G(torch.randn(3, z_dim)).shape == (3, 1, side, side)


def test_the_race_reports_on_images_that_were_no_report_before():
    x = torch.arange(100.0)[:, None, None, None]
    old = data.split(data.Images(x, torch.arange(100), "numbers"), seed=0, fit=0.4, select=0.4, report=0.2)
    new = race.exchanged(old)
    numbers = [set(part.labels.tolist()) for part in (*old, *new)]
    fit, select, report, new_fit, new_select, new_report = numbers
    assert len(new_report) == 20 and new_report < select and new_select == fit
    assert new_fit == report | (select - new_report)
    assert all(torch.equal(part.images.flatten().long(), part.labels) for part in new)


def test_the_published_initial_weights_and_batch_norms():
    game = build("tutorial, 32x32")
    wide = game.G[4].weight
    assert wide.std().item() == pytest.approx(0.02, rel=0.01) and abs(wide.mean()) < 1e-3
    assert game.G[2].weight.mean().item() == pytest.approx(1, abs=0.01) and game.G[2].bias.abs().max() == 0
    game = build("PyTorch-GAN dcgan")
    eps = [m.eps for net in (game.G, game.D) for m in net.modules() if isinstance(m, nn.BatchNorm2d)]
    assert eps == [1e-5, 0.8, 0.8, 0.8, 0.8, 0.8]
    assert game.G[4].weight.std().item() == pytest.approx(0.02, rel=0.02)
    assert game.G[0].weight.abs().max() <= 0.1  # the linear layer keeps PyTorch's law, ±1/√100
    assert game.G[0].weight.std().item() == pytest.approx(0.1 / math.sqrt(3), rel=0.02)
    assert build("PyTorch-GAN gan").G[2].weight.std().item() == pytest.approx(
        1 / math.sqrt(3 * 128), rel=0.02
    )


N = 4
ROUNDS = {  # with a D that scores everything 0: who moves in which order, and the losses
    "tutorial, 32x32": [("D", 2 * LOG2), ("G", LOG2)],
    "PyTorch-GAN dcgan": [("G", LOG2), ("D", LOG2)],
    "PyTorch-GAN gan": [("G", LOG2), ("D", LOG2)],
    "PyTorch-GAN wgan_gp": [("D", 10.0), ("G", 0.0)],
}


@pytest.fixture
def moves(monkeypatch):
    """Records (optimiser, loss) instead of stepping."""
    seen = []
    monkeypatch.setattr(recipes, "step", lambda optimizer, loss: seen.append((optimizer, loss.item())))
    return seen


def blind(game):
    """Zero D's last layer."""
    last = [m for m in game.D.modules() if isinstance(m, (nn.Linear, nn.Conv2d))][-1]
    for p in last.parameters():
        nn.init.zeros_(p)
    return game


@pytest.mark.parametrize("name", PUBLISHED)
def test_a_round_moves_in_the_published_order_with_the_losses_known_on_paper(name, moves):
    game = blind(build(name))
    x = torch.rand(N, 1, game.side, game.side) * 2 - 1
    game.play(x, 0)
    got = [("G" if optimizer is game.opt_G else "D", loss) for optimizer, loss in moves]
    assert [who for who, _ in got] == [who for who, _ in ROUNDS[name]]
    assert [loss for _, loss in got] == pytest.approx([loss for _, loss in ROUNDS[name]], abs=1e-5)


def test_the_generator_of_wgan_gp_moves_in_every_fifth_round(moves):
    game = recipes.pytorch_gan_wgan_gp()
    for k in range(11):
        moves.clear()
        game.play(torch.zeros(N, 1, 28, 28), k)
        assert len(moves) == (2 if k in (0, 5, 10) else 1)


def test_the_penalty_measures_the_slope_on_the_way_from_fake_to_real(moves):
    game = recipes.pytorch_gan_wgan_gp()
    first, second, last = (m for m in game.D.modules() if isinstance(m, nn.Linear))
    with torch.no_grad():  # D(x) = 3 x₀ + 300: all units in use, so D is linear, with slope 3
        for layer, gain, shift in ((first, 3.0, 100.0), (second, 1.0, 0.0), (last, 1.0, 0.0)):
            layer.weight.zero_(), layer.bias.fill_(shift)
            layer.weight[0, 0] = gain
        for p in game.G.parameters():
            p.zero_()
    x = torch.zeros(N, 1, 28, 28)
    x[..., 0, 0] = 1.0
    game.play(x, 1)  # fakes are 0: D(fake) - D(real) = -3, penalty 10 (3 - 1)²
    assert moves[0][1] == pytest.approx(-3 + 10 * 4, abs=1e-3)


@pytest.mark.parametrize("name", PUBLISHED)
def test_a_step_moves_its_own_player_only(name):
    game = build(name)
    x = torch.rand(N, 1, game.side, game.side) * 2 - 1
    before = [[p.detach().clone() for p in net.parameters()] for net in (game.G, game.D)]
    game.play(x, 1)
    for net, old, moved in ((game.G, before[0], name != "PyTorch-GAN wgan_gp"), (game.D, before[1], True)):
        assert any(not torch.equal(p, q) for p, q in zip(net.parameters(), old, strict=True)) == moved


@pytest.mark.parametrize("side", [28, 32])
def test_images_come_back_from_the_larger_sides_unchanged(side):
    x = torch.rand(5, 1, 28, 28) * 2 - 1
    large = recipes.enlarge(x, side)
    assert large.shape == (5, 1, side, side) and large.abs().max() <= 1
    assert torch.allclose(recipes.shrink(large), x, atol=1e-6)
    if side > 28:
        assert (large[..., 0, :] == -1).all() and (large[..., :, -1] == -1).all()


def test_the_loader_delivers_every_image_once_an_epoch_and_is_the_same_for_a_seed():
    x = data.rendered(20, seed=3).images
    feed = recipes.loader(x, 5, seed=1)
    epoch = torch.cat([next(feed) for _ in range(4)])
    order = (epoch[:, None] - x[None]).abs().flatten(2).amax(2).argmin(1)
    assert sorted(order.tolist()) == list(range(20))
    assert (epoch - x[order]).abs().max() <= 1 / 255 + 1e-6  # eight bits
    again = recipes.loader(x, 5, seed=1)
    assert torch.equal(torch.cat([next(again) for _ in range(4)]), epoch)
    assert not torch.equal(torch.cat([next(feed) for _ in range(4)]), epoch)


# --- turns, looks, interpolation ---


def test_recipes_alternate_within_a_seed():
    plan = list(race.turns(["a", "b"], [0, 1], 10.0, 4.0))
    once = [("a", 4.0), ("b", 4.0), ("a", 8.0), ("b", 8.0), ("a", 10.0), ("b", 10.0)]
    assert plan == [(seed, *turn) for seed in (0, 1) for turn in once]


def test_when_a_run_is_looked_at():
    assert race.marks(60, False) == [1, 2, 3, 4, 5, 7, 10, 15, 20, 30, 40, 50, 60]
    assert race.marks(120, True) == [5, 10, 20, 60, 120]
    assert race.marks(3, False) == [1, 2, 3] and race.marks(4.5, True) == [4.5]


def test_the_crossing_is_interpolated_in_log_distance():
    assert race.crossing([10, 20], [100, 25], 50) == pytest.approx(15)
    assert race.crossing([10, 20, 30], [100, 25, 10], 25) == pytest.approx(20)
    assert race.crossing([10, 20, 30, 40], [100, 40, 80, 10], 50) == pytest.approx(
        10 + 10 * math.log(2) / math.log(2.5)
    )
    assert race.crossing([10, 20], [100, 60], 50) is None
    assert race.crossing([10, 20], [40, 60], 50) == 10
    assert race.crossing([10, 20], [math.inf, 40], 50) == 20
    assert race.crossing([], [], 50) is None


def test_a_distance_between_two_looks():
    run = {"seconds": [10, 20], "distance": [100, 25], "ended": False}
    assert race.at(run, 15) == pytest.approx(50)
    assert (race.at(run, 10), race.at(run, 20)) == (pytest.approx(100), pytest.approx(25))
    assert race.at(run, 9.6) == 100 and race.at(run, 9) is None and race.at(run, 30) is None
    assert race.at(run | {"ended": True}, 30) == 25
    assert race.at({"seconds": [10, 20], "distance": [None, 25], "ended": False}, 15) == math.inf


def test_the_summary_and_the_overtaking():
    def run(recipe, seed, *distances):
        return {"recipe": recipe, "seed": seed, "seconds": [10, 20, 30][: len(distances)], "ended": False,
                "rounds": [5, 10, 15][: len(distances)], "distance": list(distances)}  # fmt: skip

    runs = [run("ours", 0, 64, 16, 4), run("ours", 1, 32, 30, 20), run("ours", 2, 40)]
    runs += [run("a", s, 900, 400, d) for s, d in enumerate((20, 32, 99))] + [run("b", 0, 900, 90, None)]
    record = {"recipes": {"ours": 0, "a": 0, "b": 0}, "runs": runs}
    first, second, third = race.summary(record)
    assert first["distance"] == {"10": [64, 32, 40], "20": [16, 30], "30": [4, 20]}
    assert first["seconds_per_round"] == [2, 2, 2]
    assert second["distance"]["30"] == [20, 32, 99] and third["distance"]["30"] == [None]
    early, middle, late = race.overtaking(record)
    assert (early["distance"], early["seconds"]) == (900, [10, 10, 10])
    assert (middle["recipe"], middle["distance"], middle["seconds"]) == ("b", 90, [10, 10, 10])
    assert (late["at"], late["recipe"], late["distance"]) == (30, "a", 32)
    assert late["seconds"] == [pytest.approx(15), 10, None]
    assert race.overtaking(record | {"runs": runs[3:]}) == []
    lines = race.table(record).splitlines()
    assert "12.0 (4.0 to 20.0)" in lines[1] and "32.0 (20.0 to 99.0)" in lines[2] and "–" in lines[3]
    assert "after 15.0, 10.0, never s" in lines[-1]
    assert (race.middle([3, 1, 2]), race.middle([4, 1]), race.middle([1, None, None])) == (2, 2.5, math.inf)


def test_packed_images_come_back():
    x = torch.rand(3, 1, 28, 28) * 2 - 1
    assert (race.unpack(race.pack(x)) - x).abs().max() <= 1 / 255 + 1e-6
    assert race.unpack(race.pack(torch.full((1, 1, 28, 28), math.nan))).max() == -1


# --- a small race, with a clock that counts rounds ---


def toy(rate=1e-2, rounds=None, average=False):
    """A game with everything that has to survive a stop: batch norm, dropout, Adam, noise, an average."""
    G = nn.Sequential(nn.Linear(4, 784), nn.BatchNorm1d(784), nn.Tanh(), nn.Unflatten(1, (1, 28, 28)))
    D = nn.Sequential(nn.Flatten(), nn.Dropout(0.5), nn.Linear(784, 1))
    opt_G, opt_D = recipes.adam(G, rate), recipes.adam(D, rate)
    mean = nn.Sequential(nn.Linear(4, 784), nn.BatchNorm1d(784), nn.Tanh(), nn.Unflatten(1, (1, 28, 28)))

    def play(x, k):
        fake = G(recipes.noise(x, 4))
        recipes.step(opt_D, D(fake.detach()).mean() - D(x).mean())
        recipes.step(opt_G, -D(fake).mean())
        mean[0].weight.data.lerp_(G[0].weight.data, 0.1)

    return recipes.Game(G, D, opt_G, opt_D, 4, 5, 28, play, mean if average else None, rounds=rounds)


class Brightness:
    """Stands in for the classifier: the distance is what the mean pixel differs from 1, plus 1."""

    def distance(self, images):
        return 2 - images.mean().item()


@pytest.fixture
def small(monkeypatch, tmp_path):
    """Runs a race of two toy recipes; `interrupt` stops it after every turn."""
    parts = data.split(data.rendered(40, seed=0), seed=0, fit=0.5, select=0.3, report=0.2)
    monkeypatch.setattr(race, "SAMPLES", 20)
    monkeypatch.setattr(race, "COSTLY", {"fast"})  # first looked at after some turns
    builds = {"slow": toy, "fast": lambda: toy(3e-2, average=True), "short": lambda: toy(rounds=6)}
    tick = {"now": 0.0}

    def clock(device):
        tick["now"] += 0.5
        return tick["now"]

    monkeypatch.setattr(race, "clock", clock)

    def save(out, record):
        records.write(out, dict.fromkeys(records.HEAD, 0) | record)

    def go(folder, interrupt=False, seeds=(0, 1), settings=None, budget=10.0):
        out, state = tmp_path / folder / "r.json", tmp_path / folder / "state"
        out.parent.mkdir(exist_ok=True)
        settings = settings or {"slice": 2.0}
        for calls in range(1, 100):
            record = records.read("r", out.parent) or {"runs": []}
            recorder.same(record, settings=settings)
            write, minutes = (lambda record: save(out, record)), -1 if interrupt else 60
            if race.race(builds, record, write, state, parts, Brightness(), seeds=seeds, budget=budget,
                         slice_=2.0, device="cpu", minutes=minutes):  # fmt: skip
                return json.loads(out.read_text()), calls
        raise AssertionError("it never ends")

    return go


def test_an_interrupted_race_equals_an_uninterrupted_one(small):
    whole, once = small("a")
    parts, calls = small("b", interrupt=True)
    assert once == 1 and calls > 20
    assert parts["runs"] == whole["runs"] and parts["samples"] == whole["samples"]
    assert [(r["recipe"], r["seed"]) for r in whole["runs"]] == [
        (n, s) for s in (0, 1) for n in ("fast", "short", "slow")
    ]
    looks = {"short": [1, 2, 3], "fast": [5, 10], "slow": [1, 2, 3, 4, 5, 7, 10]}
    for run in whole["runs"]:
        assert run["ended"] == (run["recipe"] == "short")
        assert run["seconds"] == (looks[run["recipe"]])
        assert run["rounds"] == [round(2 * t) for t in run["seconds"]]
    first, second = (
        next(r for r in whole["runs"] if (r["recipe"], r["seed"]) == ("slow", s)) for s in (0, 1)
    )
    assert first["distance"] != second["distance"]


def test_a_larger_budget_continues_a_race(small):
    whole, _ = small("a", seeds=[0])
    small("b", seeds=[0], budget=5.0)
    later, _ = small("b", seeds=[0])
    slow, before = ([r for r in record["runs"] if r["recipe"] == "slow"] for record in (later, whole))
    assert slow == before


def test_more_seeds_extend_a_race_and_other_settings_are_refused(small, tmp_path):
    first, _ = small("a", seeds=[0])
    both, _ = small("a", seeds=[0, 1])
    assert both["runs"][:3] == first["runs"] and len(both["runs"]) == 6
    with pytest.raises(SystemExit, match=r"another settings .*2\.0.*4\.0.*another --out"):
        small("a", settings={"slice": 4.0})


def test_a_run_does_not_touch_the_global_random_source(small):
    torch.manual_seed(5)
    before = torch.get_rng_state()
    small("a", seeds=[0])
    assert torch.equal(torch.get_rng_state(), before)


def test_looking_changes_nothing_and_takes_the_better_mode(monkeypatch):
    monkeypatch.setattr(race, "SAMPLES", 20)
    x = data.rendered(20, seed=0).images
    run = race.start("toy", toy, 0, x)
    race.advance(run, 1e-9)
    state = {k: v.clone() for k, v in run.game.G.state_dict().items()}
    race.look(run, Brightness())
    assert all(torch.equal(v, state[k]) for k, v in run.game.G.state_dict().items()) and run.game.G.training
    both = {mode: 2 - race.sample(run.game, 20, mode).mean().item() for mode in ("train", "eval")}
    assert run.curve[0]["distance"] == min(both.values()) and len(set(both.values())) == 2
    assert both[run.curve[0]["mode"]] == run.curve[0]["distance"]


def test_a_diverged_generator_has_an_infinite_distance():
    judge = race.Judge(nn.Sequential(), torch.zeros(2, 2))
    assert judge.distance(torch.full((2, 1, 28, 28), math.nan)) == math.inf
    run = race.Run("x", 0, toy(), iter([]), torch.get_rng_state())
    run.curve = [{"seconds": 1.0, "rounds": 1, "distance": math.inf, "mode": "eval"}]
    assert json.loads(json.dumps(race.entry(run)))["distance"] == [None]


@pytest.mark.parametrize("wrong", [["--budget", "-1"], ["--recipes", "nothing"], ["--seeds", "0"]])
def test_wrong_options_are_refused(wrong, capsys):
    with pytest.raises(SystemExit):
        race.arguments(wrong)
    assert "error" in capsys.readouterr().err


def test_our_rounds_are_those_of_the_package_bit_for_bit():
    x = data.rendered(200, seed=0).images
    run = race.start("ours", recipes.ours, 3, x)
    theirs = dcgan_game(seed=3)
    theirs = theirs._replace(noise=theirs.noise.clone_state())
    theirs.noise.set_state(run.random)
    for _ in range(4):
        race.advance(run, run.seconds + 1e-9)
    for _ in dcgan_rounds(theirs, x, seed=3, rounds=4):
        pass
    for ours, other in ((run.game.G, theirs.G), (run.game.D, theirs.D), (run.game.average, theirs.average)):
        assert all(torch.equal(p, other.state_dict()[k]) for k, p in ours.state_dict().items())
    assert run.rounds == 4 and run.game.modes == ("eval",)


def test_the_factors_change_what_they_say():
    def look(game):
        kinds = [[type(m).__name__ for m in net.modules()] for net in (game.G, game.D)]
        groups = [opt.param_groups[0] for opt in (game.opt_G, game.opt_D)]
        z = (game.z_dim, "Choice" in kinds[0])
        shuffled = [a.weight for a, b in pairwise(game.G) if isinstance(b, nn.PixelShuffle)]
        even = all(torch.equal(w[0], w[1]) for w in shuffled)
        spread = round(game.D[0].weight.std().item(), 2)
        average = None if game.average is None else count(game.average) == count(game.G)
        return {"G": kinds[0], "D": kinds[1], "rate": [g["lr"] for g in groups], "average": average,
                "betas": [g["betas"] for g in groups], "batch": game.batch, "feed": game.feed,
                "z": z, "spread": spread, "even": even}  # fmt: skip

    def build(name):
        with torch.random.fork_rng():
            torch.manual_seed(0)
            return look(recipes.factor(name))

    base, theirs = build("nothing"), build("all of it")
    changed = {name: {k for k, v in build(name).items() if v != base[k]} for name in recipes.FACTORS}
    players = {"G", "D", "z", "spread"}
    assert changed == {
        "nothing": set(), "generator": {"G", "z"}, "discriminator": {"D", "spread"}, "both players": players,
        "up-sampling": {"G"}, "uneven start": {"even"}, "noise": {"G", "z"}, "weights": {"spread"},
        "rate": {"rate"},
        "betas": {"betas"}, "no EMA": {"average"}, "batch 128": {"batch"}, "data path": {"feed"},
        "all of it": players | {"rate", "betas", "average"}, "all but Adam": players | {"average"},
        "all but EMA": players | {"rate", "betas"}, "all but both players": {"rate", "betas", "average"},
    }  # fmt: skip
    free = {"feed", "batch", "G", "even"}  # no value of theirs, the same as theirs, or only a part of it
    for name in recipes.FACTORS:
        assert all(
            build(name)[k] == theirs[k] for k in changed[name] - free - ({"z"} if name == "noise" else set())
        )


# --- what is recorded: consistent, and as good as the README says ---


@pytest.fixture(params=["nb06_time_to_quality", "nb06_time_to_quality_factors"])
def record(request):
    return records.read(request.param)


def test_the_records_are_consistent(record):
    assert {"command", "commit", "date", "machine", "versions", "settings", "floor"} <= record.keys()
    assert record["settings"]["data"] == "mnist, 10000" and 0.5 < record["floor"]["28"] < 3
    assert len({(r["recipe"], r["seed"]) for r in record["runs"]}) == len(record["runs"])
    for run in record["runs"]:
        columns = [run[key] for key in ("seconds", "rounds", "distance", "mode")]
        assert len({len(c) for c in columns}) == 1 and min(run["distance"]) > record["floor"]["28"]
        assert all(a < b for key in ("seconds", "rounds") for a, b in pairwise(run[key]))
        assert run["recipe"] in record["recipes"]
    assert record["summary"] == race.summary(record) and record["overtaking"] == race.overtaking(record)


RIVALS = ("tutorial, tuned", "MLP of 05, noise and average")


def factors_at(seconds: int, far: str, near: str, name: str = "nb06_time_to_quality") -> torch.Tensor:
    """How many times as far from the data `far` is as `near`, one number per seed."""
    rows = {row["recipe"]: row["distance"][str(seconds)] for row in records.read(name)["summary"]}
    return torch.tensor(rows[far]) / torch.tensor(rows[near])


def said(factors: torch.Tensor) -> str:
    low, high = (math.exp(end) for end in evidence.interval(factors.log()))
    return f"{factors.log().mean().exp():.1f} ({low:.1f} to {high:.1f})"


def test_the_recorded_race_supports_the_readme():
    """Ours is nearer than both tuned rivals, in every seed, on both sets of images; tuning brings more."""
    record = records.read("nb06_time_to_quality")
    assert set(record["recipes"]) == set(race.RECIPES) == set(record["samples"]) and record["seeds"] == 5
    assert {run["seed"] for run in record["runs"]} == set(range(race.FIRST_SEED, race.FIRST_SEED + 5))
    for name, (G, D) in SIZES.items():
        assert record["recipes"][name]["parameters"] == {"G": G, "D": D}
    for name in ("nb06_time_to_quality", "nb06_time_to_quality_rendered"):
        for rival in RIVALS:
            factors = factors_at(20, rival, "ours", name)
            assert len(factors) == 5 and 1.4 < min(factors) and max(factors) < 4
    tuning = factors_at(20, "tutorial, 32x32", "tutorial, tuned")
    assert 15 < min(tuning) and max(tuning) < 35
    for rival in set(race.RECIPES) - {"ours", *RIVALS}:
        assert min(factors_at(30, rival, "ours")) > 20


def test_the_readme_and_the_page_of_benchmarks_print_the_record():
    text = " ".join((recorder.ROOT / "README.md").read_text().split())
    page = " ".join((recorder.ROOT / "benchmarks" / "README.md").read_text().split())
    tuned, mlp = (factors_at(20, rival, "ours") for rival in RIVALS)
    tuning = factors_at(20, "tutorial, 32x32", "tutorial, tuned")
    assert f"about {tuning.log().mean().exp():.0f} times nearer to the data" in text
    assert f"another {tuned.log().mean().exp():.1f} times nearer than that" in text
    assert f"tuning alone brings the tutorial's network {tuning.log().mean().exp():.0f} times nearer" in page
    for wanted in (said(tuned), said(mlp)):
        assert wanted in page, wanted
    drawn = (factors_at(20, rival, "ours", "nb06_time_to_quality_rendered") for rival in RIVALS)
    for wanted in map(said, drawn):
        assert wanted in page, wanted
    for row in records.read("nb06_time_to_quality")["summary"]:
        middle = [f"{sorted(row['distance'][at])[2]:.0f}" for at in ("10", "20", "30")]
        assert f"| {row['recipe']} | {' | '.join(middle)} |" in page
