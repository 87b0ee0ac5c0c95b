"""The measuring functions of notebook 20, fed with measurements whose answer is known."""

import ast
from pathlib import Path

import jupytext
import pytest
import torch

SOURCE = Path(__file__).parent.parent / "notebooks" / "source" / "20_gpu_training.py"


@pytest.fixture(scope="module")
def notebook():
    """Its functions `faster`, `peaks` and `price_of`, without running it."""
    space = {"torch": torch, "device": "cpu", "PRICE": 2.0, "LOST_EVERY": 1000}
    for cell in jupytext.read(SOURCE).cells:
        if cell.cell_type == "code" and not cell.source.startswith("%"):
            for node in ast.parse(cell.source).body:
                if isinstance(node, ast.FunctionDef) and node.name in ("faster", "peaks", "price_of"):
                    exec(ast.unparse(node), space)
    return space


def test_half_the_time_is_twice_as_fast_turn_by_turn(notebook):
    load = torch.tensor([1.0, 3.0, 2.0, 5.0])  # what else the machine did: the same for both in a turn
    spent = {"notebook 06": 20 * load, "half": 10 * load}
    assert notebook["faster"](spent, "half") == pytest.approx([2, 2, 2])
    spent["uneven"] = torch.tensor([20.0, 20.0, 40.0, 100.0])  # ratios 1, 3, 1, 1
    assert notebook["faster"](spent, "uneven") == pytest.approx([1, 1, 1.5])


def test_peaks_are_what_the_best_turn_did(notebook):
    def in_turns(calls, turns, each):
        assert list(calls) == ["product", "copy"]
        return {"product": torch.tensor([4.0, 2.0]), "copy": torch.tensor([1.0, 8.0])}  # milliseconds

    notebook["in_turns"] = in_turns
    flops, bytes_ = notebook["peaks"](n=100, mib=3)
    assert flops == pytest.approx(2 * 100**3 / 2e-3)  # n³ multiplications and as many additions
    assert bytes_ == pytest.approx(2 * 3 * 2**20 / 1e-3)  # read and written


def test_the_price_of_a_model_counts_what_is_lost(notebook):
    price, lost = notebook["price_of"](seconds=1800, c=1.0, tau=50)
    assert lost == pytest.approx(1 / 50 + 50 / 2000) and price == pytest.approx(2.0 * 0.5 * 1.045)
    rivals = [notebook["price_of"](1800, 1.0, tau)[0] for tau in (20, 44.7, 100)]
    assert min(rivals) == rivals[1]  # the best interval is √(2 c M), Young 1974
