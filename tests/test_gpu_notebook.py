"""The measuring functions of notebook 20, fed with known measurements; a GPU's part is played."""

import ast
import signal
import sys
import time
from pathlib import Path
from types import SimpleNamespace

import jupytext
import pytest
import torch

from gan_helpers import data, speed
from gan_helpers.games import dcgan_game, dcgan_rounds

SOURCES = Path(__file__).parent.parent / "notebooks" / "source"
LESSON, DEEPER = SOURCES / "20_gpu_training.py", SOURCES / "deeper" / "20_gpu_training.py"


def functions(*names, **given):
    """These functions and constants of the deeper notebook, without running it."""
    space = {"torch": torch, "Path": Path, "sys": sys, "math": __import__("math"), "device": "cpu", **given}
    for cell in jupytext.read(DEEPER).cells:
        if cell.cell_type == "code" and not cell.source.startswith("%"):
            for node in ast.parse(cell.source).body:
                target = getattr(node, "name", None) or ast.unparse(getattr(node, "targets", [node])[0])
                if target.split("[")[0] in names:
                    exec(ast.unparse(node), space)
    return space


# --- the stopwatch ---


def test_half_the_time_is_twice_as_fast_turn_by_turn():
    load = torch.tensor([1.0, 3.0, 2.0, 5.0])  # what else the machine did: the same for both in a turn
    spent = {"notebook 06": 20 * load, "half": 10 * load}
    assert speed.faster(spent, "half") == pytest.approx([2, 2, 2])
    spent["uneven"] = torch.tensor([20.0, 20.0, 40.0, 100.0])  # ratios 1, 3, 1, 1
    assert speed.faster(spent, "uneven") == pytest.approx([1, 1, 1.5])


def test_rivals_take_turns_and_first_calls_do_not_count(monkeypatch):
    seconds, calls = [0.0], []
    monkeypatch.setattr(speed, "clock", lambda device: seconds[0])

    def work(name, cost):
        def call():
            calls.append(name)
            seconds[0] += 10 * cost if len(calls) <= 4 else cost

        return call

    spent = speed.in_turns({"a": work("a", 0.002), "b": work("b", 0.001)}, turns=3, each=2)
    assert "".join(calls) == "abab" + 3 * "aabb"
    assert spent["a"].tolist() == pytest.approx([2, 2, 2]) and spent["b"].tolist() == pytest.approx([1, 1, 1])


def test_peaks_are_what_the_best_turn_did():
    def in_turns(calls, turns, each, device):
        assert list(calls) == ["product", "copy"]
        return {"product": torch.tensor([4.0, 2.0]), "copy": torch.tensor([1.0, 8.0])}  # milliseconds

    flops, bytes_ = functions("peaks", in_turns=in_turns)["peaks"](n=100, mib=3)
    assert flops == pytest.approx(2 * 100**3 / 2e-3)  # n³ multiplications and as many additions
    assert bytes_ == pytest.approx(2 * 3 * 2**20 / 1e-3)  # read and written


# --- the game ---


@pytest.fixture(scope="module")
def images():
    return torch.rand(256, 1, 28, 28, generator=torch.Generator().manual_seed(0)) * 2 - 1


def after(images, rounds=3, **options):
    """The averaged weights after some rounds."""
    game = speed.fast_game(seed=3, **options)
    for x in data.batches(images, 64, seed=3, steps=rounds):
        game.play(x)
    return torch.cat([p.flatten() for p in game.game.average.parameters()])


def test_without_switches_and_with_a_frozen_D_it_is_the_game_of_notebook_06(images):
    game = dcgan_game(seed=3)
    for _ in dcgan_rounds(game, images, seed=3, rounds=3):
        pass
    usual = torch.cat([p.flatten() for p in game.average.parameters()])
    assert torch.equal(after(images), usual) and torch.equal(after(images, frozen=True), usual)


@pytest.mark.parametrize("name", ["fused", "channels last", "bfloat16", "shared fakes"])
def test_each_switch_does_something_and_little(images, name):
    gap = (after(images, 2, **speed.CHANGES[name]) - after(images, 2)).abs().max()
    assert 0 < gap < 0.1


def test_float16_with_scalers_keeps_weights_finite(images):
    """The scalers begin high and halve until nothing overflows; without them the game is another one."""
    low = after(images, 3, dtype=torch.float16, scaled=True)
    assert low.isfinite().all() and not torch.equal(low, after(images, 3, dtype=torch.float16))


# --- a GPU's part ---


@pytest.mark.parametrize(
    ("capability", "has"), [((7, 5), False), ((8, 0), True), ((9, 0), True), (None, False)]
)
def test_a_T4_has_no_bfloat16_whatever_it_says(capability, has):
    assert speed.has_bfloat16(capability) is has


def test_what_compiling_lacks_is_said_for_cpus_and_gpus(monkeypatch):
    monkeypatch.setattr(speed.shutil, "which", lambda name: None)
    monkeypatch.setattr(speed.importlib.util, "find_spec", lambda name: object())
    assert "C++" in speed.compile_lacks("cpu") and "C compiler" in speed.compile_lacks("cuda")
    monkeypatch.setattr(speed.importlib.util, "find_spec", lambda name: None)
    assert "triton" in speed.compile_lacks("cuda")
    monkeypatch.setattr(speed.shutil, "which", lambda name: f"/usr/bin/{name}")
    assert speed.compile_lacks("cpu") == "" and "triton" in speed.compile_lacks("cuda:0")
    monkeypatch.setattr(speed.importlib.util, "find_spec", lambda name: object())
    assert speed.compile_lacks("cuda") == ""


def test_the_clock_waits_for_a_gpu(monkeypatch):
    waited = []
    monkeypatch.setattr(torch.cuda, "synchronize", lambda: waited.append(True))
    assert speed.clock("cuda") > 0 and waited == [True]
    assert speed.clock("cpu") > 0 and waited == [True]


class Profile:
    """What a profiler recorded: {operation: its own microseconds}."""

    def __init__(self, times):
        self.times = times

    def __enter__(self):
        return self

    def __exit__(self, *_):
        pass

    def key_averages(self):
        return [SimpleNamespace(key=name, self_cpu_time_total=own) for name, own in self.times.items()]


@pytest.mark.parametrize(
    ("times", "shares"),
    [({}, {}), ({"aten::mm": 0.0}, {}), ({"aten::mm": 1.0, "conv": 3.0}, {"aten::mm": 0.25, "conv": 0.75})],
)
def test_a_profiler_that_records_nothing_stops_no_notebook(times, shares):
    calls = []
    profiled = functions("profiled")["profiled"]
    assert profiled(lambda: calls.append(True), lambda: Profile(times)) == pytest.approx(shares)
    assert calls == [True]


def test_no_notebook_deletes_a_saved_game_or_stops_for_drive():
    for source in (LESSON, DEEPER):
        for cell in jupytext.read(source).cells:
            if cell.cell_type == "code" and not cell.source.startswith("%"):
                for node in ast.walk(ast.parse(cell.source)):
                    called = ast.unparse(node.func).split(".")[-1] if isinstance(node, ast.Call) else ""
                    assert called not in ("unlink", "rmtree", "remove", "mount"), (
                        source.name,
                        ast.unparse(node),
                    )


def test_a_game_that_is_warned_saves_and_goes_on_as_if_nothing_had_happened(images, tmp_path):
    from gan_helpers import checkpoints

    names = {"dcgan_game": dcgan_game, "dcgan_rounds": dcgan_rounds, "signal": signal, "time": time}
    names |= {"load_checkpoint": checkpoints.load_checkpoint, "save_checkpoint": checkpoints.save_checkpoint}
    keep = functions("keep_training", x_fit=images, **names)["keep_training"]

    def warned(done):
        if done == 3:
            signal.raise_signal(signal.SIGTERM)  # what the cloud would send

    before = signal.getsignal(signal.SIGTERM)
    whole, _ = keep(tmp_path / "undisturbed.pt", 6)
    assert keep(tmp_path / "drive" / "game.pt", 6, each=warned)[1] == 3
    assert signal.getsignal(signal.SIGTERM) == before
    kept = (tmp_path / "drive" / "game.pt").read_bytes()
    resumed, rounds = keep(tmp_path / "drive" / "game.pt", 6)
    assert rounds == 6 and (tmp_path / "drive" / "game.pt").read_bytes() != kept
    for a, b in zip(whole.average.state_dict().values(), resumed.average.state_dict().values(), strict=True):
        assert torch.equal(a, b)
    assert keep(tmp_path / "drive" / "game.pt", 6)[1] == 6  # nothing to do, and nothing is lost
    assert (tmp_path / "drive" / "game.pt").exists()
