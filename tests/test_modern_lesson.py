"""Lesson 10, section 3: what the best D pays for pairs, by search, is what the table says."""

import re
from pathlib import Path

import pytest
import torch
from torch.nn import functional as F

LESSON = Path(__file__).parent.parent / "notebooks" / "source" / "10_a_modern_gan.py"
A, B, M = 0, 1, 2  # the places


def best_loss(real: list[int], fake: list[int]) -> float:
    """What the best three scores pay, on average, if place real[i] meets place fake[i]."""
    scores = torch.zeros(3, dtype=torch.float64, requires_grad=True)
    opt = torch.optim.LBFGS([scores], max_iter=300, line_search_fn="strong_wolfe")

    def loss():
        opt.zero_grad()
        value = F.softplus(scores[fake] - scores[real]).mean()
        value.backward()
        return value

    opt.step(loss)
    return loss().item()


def fresh(fakes: list[int]) -> float:
    return best_loss([A, A, B, B], fakes * 2)


@pytest.mark.parametrize(
    ("row", "paid"),
    [
        ("kept, the fake of $b$ travels", [best_loss([A, B], [A, k]) for k in (A, M, B)]),
        ("kept, the fake of $a$ travels", [best_loss([A, B], [k, A]) for k in (A, M, B)]),
        ("fresh, either travels", [fresh([A, k]) for k in (A, M, B)]),
    ],
)
def test_the_table_of_journeys(row, paid):
    cells = re.search(rf"(?m)^# \| {re.escape(row)} \|(.+)\|$", LESSON.read_text())[1].split("|")
    assert [float(cell) for cell in cells] == pytest.approx(paid, abs=0.005)
