"""The scripts of notebook 20, as the notebook writes and starts it: two processes play the game of one, and a
killed worker changes nothing. The text under test is that of the notebook's own cells."""

import sys
from pathlib import Path

import pytest
import torch

ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT / "benchmarks"))
from recorder import code_cells, take  # noqa: E402

from gan_helpers.processes import in_processes  # noqa: E402

ROUNDS = 6
SPACE: dict = {}
for text, _ in code_cells(ROOT / "notebooks" / "source" / "20_gpu_training.py"):
    if text.startswith(("GAME = ", "SCRIPT = ")):
        exec(text, SPACE)
LESSON = SPACE["SCRIPT"]


@pytest.fixture(scope="module")
def notebook():
    """The notebook's functions on 64 random images, and those of the script, `ddp_gan`."""
    images = torch.rand(64, 1, 28, 28, generator=torch.Generator().manual_seed(0)) * 2 - 1
    return vars(take("deeper/20_gpu_training", "record-script", x_fit=images))


@pytest.fixture(scope="module")
def whole(notebook, tmp_path_factory):
    """What two processes saved after an undisturbed run."""
    ranks, _ = notebook["torchrun"](tmp_path_factory.mktemp("a") / "whole", "--rounds", str(ROUNDS))
    return ranks


def players(rank):
    return [rank["G"], rank["D"]]


def test_the_scripts_are_short(notebook):
    for script, most in ((notebook["SCRIPT"], 90), (LESSON, 55)):
        compile(script, "ddp_gan.py", "exec")
        assert 30 < len(script.splitlines()) <= most


def test_two_processes_play_the_game_of_one(notebook, whole):
    single, gap = notebook["alone"](torch.float64, ROUNDS), notebook["largest_gap"]
    assert max(g.abs().max() for g in single["first"]["D"]) > 1e-3
    for rank in whole:
        assert gap(rank["first"], single["first"]) < 1e-12
        assert gap(players(rank), players(single)) < 1e-9
    assert gap(whole[0]["average"], single["average"]) < 1e-9
    other = notebook["alone"](torch.float64, ROUNDS, batch=30)  # another game is told apart
    assert gap(whole[0]["first"], other["first"]) > 1e-5 and gap(players(whole[0]), players(other)) > 1e-4


def test_all_ranks_end_with_the_same_weights(notebook, whole):
    assert notebook["largest_gap"](players(whole[0]), players(whole[1])) == 0
    assert whole[0]["start"] == whole[1]["start"]


def test_a_killed_worker_changes_nothing(notebook, whole, tmp_path):
    ranks, log = notebook["torchrun"](tmp_path / "killed", "--rounds", str(ROUNDS), "--die", "5")
    assert "exitcode: " in log  # -9, or on a busy machine that of the other worker, which lost its partner
    assert [rank["start"] for rank in ranks] == [3, 3]  # the last checkpoint before round 5
    for before, after in zip(whole, ranks, strict=True):
        assert notebook["largest_gap"](players(before), players(after)) == 0
    assert notebook["largest_gap"](whole[0]["average"], ranks[0]["average"]) == 0


def test_a_failing_script_tells_why(notebook, tmp_path):
    with pytest.raises(RuntimeError, match="(?s)torchrun ended with [^0].*argument --rounds: invalid int"):
        notebook["torchrun"](tmp_path / "wrong", "--rounds", "x", processes=1)


TINY = """
import os, torch
rank, world = int(os.environ["RANK"]), int(os.environ["WORLD_SIZE"])
torch.save(torch.load("images.pt")[rank] + 10 * world, f"rank{rank}.pt")
"""


def test_each_rank_finds_the_images_and_its_number(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert [x.item() for x in in_processes(TINY, torch.tensor([1.0, 2.0, 3.0]), processes=3)] == [31, 32, 33]
    assert not list(tmp_path.iterdir())  # the folder was its own, and is gone
    with pytest.raises(RuntimeError, match="(?s)torchrun ended with [^0].*index 1 is out of bounds"):
        in_processes(TINY, torch.tensor([1.0]))


def gradients_of_ranks(notebook, rows, dtype):
    """Gradient of D in the first round, averaged over two ranks, each with its `rows(rank)`."""
    ddp_gan, x = notebook["ddp_gan"], notebook["x_fit"].to(dtype)
    found = []
    for rank in range(2):
        game = ddp_gan["new_game"]("cpu", dtype)
        first, stride = rows(rank)
        ddp_gan["one_round"](game, game["G"], game["D"], x, 32, first, stride)
        found.append([p.grad for p in game["D"].parameters()])
    return [(a + b) / 2 for a, b in zip(*found, strict=True)]


@pytest.mark.parametrize(("dtype", "limit"), [(torch.float64, 1e-12), (torch.float32, 1e-6)])
def test_the_ranks_shares_make_up_the_batch(notebook, dtype, limit):
    right = notebook["alone"](dtype, 1)["first"]["D"]
    assert notebook["largest_gap"](gradients_of_ranks(notebook, lambda rank: (rank, 2), dtype), right) < limit
    one_seed = gradients_of_ranks(notebook, lambda rank: (0, 2), dtype)  # both ranks take the same rows
    assert notebook["largest_gap"](one_seed, right) > 1e-5


def test_a_broken_script_is_told_apart(notebook):
    script, first, off = notebook["SCRIPT"], notebook["first_gradient"], notebook["off"]
    for name, (right, other) in notebook["BROKEN"].items():
        assert right in script, name
        variant = script.replace(right, other)
        gap = off(first(variant), first(variant, ranks=1))
        assert gap < 1e-12 if name == "nothing broken" else gap > 1e-3, name


def test_the_lessons_script_splits_one_game(notebook):
    """Ranks whose gradients are averaged by hand play the lesson's game; with equal rows they do not."""

    def first_gradient(script, ranks):
        space, found = {"__name__": "two"}, []
        exec(script.replace("range(8)", "range(1)"), space)
        for rank in range(ranks):
            G, D = space["players"]()
            space["train"](G, D, G, D, notebook["x_fit"].double(), rank, ranks)
            found.append(torch.cat([p.grad.flatten() for p in D.parameters()]))
        return sum(found) / ranks

    one = first_gradient(LESSON, 1)
    assert notebook["off"](first_gradient(LESSON, 2), one) < 1e-12
    equal = LESSON.replace("slice(rank,", "slice(0,")
    assert equal != LESSON and notebook["off"](first_gradient(equal, 2), one) > 1e-2
