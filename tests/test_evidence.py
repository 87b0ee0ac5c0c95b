"""Claims that hold, fail and say nothing; the ledger; tables; intervals whose coverage is known."""

import json
import math
import re

import numpy as np
import pytest
import torch
from scipy import stats

from gan_helpers import evidence
from gan_helpers.evidence import claim, how_sure, interval, numbers, paired, strip, table


@pytest.fixture(autouse=True)
def fresh(monkeypatch, tmp_path):
    monkeypatch.setattr(evidence, "_said", {})
    monkeypatch.setattr(evidence, "RECORDS", tmp_path / "records")
    for name in ("GAN_LEDGER", "GAN_CLAIMS_GO_ON", "GAN_SEED_OFFSET"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def ledger(monkeypatch, tmp_path):
    path = tmp_path / "claims.jsonl"
    monkeypatch.setenv("GAN_LEDGER", str(path))
    return lambda: [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []


# --- numbers ---


@pytest.mark.parametrize(
    ("values", "texts"),
    [
        ([1e-8], ["1e-8"]),
        ([0.027], [".027"]),
        ([145], ["145"]),
        ([-23], ["−23"]),
        ([0], ["0"]),
        ([60_000], ["60,000"]),
        ([3.21e7], ["3.2e7"]),
        ([-4.56e-5], ["−4.6e-5"]),
        ([0.5, 0.53], [".50", ".53"]),
        ([0.5004, 0.53, 0.501], [".500", ".530", ".501"]),  # what differs looks different
        ([1.01, 0.98, 0.05], ["1.01", ".98", ".05"]),
        ([6.5, 1, 8], ["6.5", "1.0", "8.0"]),
        ([0.998], [".998"]),  # a share that is not 1
        ([0.98, 1.0], [".98", "1.00"]),
        ([1e-8, 145.3, -0.027], ["1e-8", "145", "−.027"]),
        ([-0.5, 0.5], ["−.5", ".5"]),
    ],
)
def test_numbers_to_read(values, texts):
    assert numbers(values) == texts


# --- claims that hold ---


@pytest.mark.parametrize(
    ("measured", "how", "line"),
    [
        ([0.50, 0.53, 0.51], {"below": 0.62}, "3 seeds: .50 … .53, below .62"),
        (torch.tensor([0.99, 0.998]), {"above": 0.98}, "2 seeds: .990 … .998, above .980"),
        (np.array([0.55, 0.7]), {"between": (0.53, 0.8)}, "2 seeds: .55 … .70, between .53 and .80"),
        ([0.98, 1.01], {"near": 1, "within": 0.05}, "2 seeds: .98 … 1.01, near 1.00 ± .05"),
        (0.5, {"above": 0.4}, ".5, above .4"),
        ([0.5, 1.0], {"between": (0.5, 1)}, "2 seeds: .5 … 1.0, between .5 and 1.0"),  # ends included
        ([0.5, 1.5], {"near": 1, "within": 0.5}, "2 seeds: .5 … 1.5, near 1.0 ± .5"),
        (True, {}, ""),
        ([True] * 8, {}, "8 of 8 seeds"),
        (torch.tensor([True, True, False]), {"in_at_least": 2}, "2 of 3 seeds (2 needed)"),
        (
            [1.0, 6, 7, 9.5],
            {"above": 5, "in_at_least": 3},
            "4 seeds: 1.0 … 9.5, above 5.0 in 3 of 4 (3 needed)",
        ),
        ([1.0, 6, 7, 9.5], {"above": 5, "median": True}, "4 seeds: median 6.5 (1.0 … 9.5), above 5.0"),
        ([0.5, 0.6], {"below": [0.7, 0.9]}, "2 seeds: lower by .2 … .3"),
        ([0.8, 0.95], {"above": [0.7, 0.7]}, None),
        ([8.0, 9.5], {"above": [7.0, 7.5]}, "2 seeds: higher by 1 … 2"),
        ([50.0, 60.0], {"above": [1.0, 2.0]}, "2 seeds: 30 … 50 times as large"),
        ([1.0, 2.0], {"below": [50.0, 60.0]}, "2 seeds: 30 … 50 times as small"),
        ([1.5, 2.5], {"near": [1.4, 2.7], "within": 0.3}, "2 seeds: differ by −.2 … .1, within .3"),
        ([8, 8, 8], {"above": 6}, "3 seeds: 8, above 6"),
        (3e-9, {"below": 1e-6, "exact": True}, "3e-9, below 1e-6"),
        ([0.5, 0.5], {"near": 0.5, "within": 1e-9, "exact": True}, "2 values: .5, near .5 ± 1e-9"),
        (
            [0.5, 0.6],
            {"below": 0.7, "recorded": {"date": "2026-01-02"}},
            "◆ 2 seeds: .5 … .6, below .7, recorded 2026-01-02",
        ),
        ([torch.tensor(1.5), torch.tensor(2.0)], {"above": 1}, "2 seeds: 1.5 … 2.0, above 1.0"),
        (
            torch.tensor([1.5, 2.5], dtype=torch.bfloat16, requires_grad=True),
            {"above": 1},
            "2 seeds: 1.5 … 2.5, above 1.0",
        ),
    ],
)
def test_a_claim_that_holds_is_one_readable_line(measured, how, line, capsys):
    if line is None:  # the bound of a paired claim is the same in all seeds
        with pytest.raises(ValueError, match=r"above is \.7 in all 2 seeds"):
            claim("s", measured, **how)
    else:
        claim("s", measured, **how)
        mark, words = ("◆", line[2:]) if line.startswith("◆") else ("✓", line)
        assert capsys.readouterr().out == f"{mark} s{'     ' if words else ''}{words}\n"


@pytest.mark.parametrize(
    ("values", "typed", "texts"),
    [
        ([1.02, 1.04], 1.05, ["1.02", "1.04", "1.05"]),
        ([0.6, 0.7], 1.15, [".60", ".70", "1.15"]),
        ([0.2, 0.3], 0.2378123, [".20", ".30", ".24"]),  # computed: rounded like the rest
        ([120.0, 300.0], 100, ["120", "300", "100"]),
    ],
)
def test_a_typed_bound_is_printed_as_it_was_typed(values, typed, texts):
    assert numbers(values, typed) == texts


def test_a_claim_prints_its_bound(capsys):
    claim("the bound is one of three digits", [1.02, 1.04], below=1.05)
    assert "1.02 … 1.04, below 1.05" in capsys.readouterr().out


# --- claims that fail ---


@pytest.mark.parametrize(
    ("measured", "how", "words"),
    [
        ([0.5, 0.93, 0.6], {"below": 0.62}, "✗ s     3 seeds: .50 … .93, below .62 in only 2 of 3"),
        ([0.5, 0.62], {"below": 0.62}, "in only 1 of 2"),  # below is below
        ([0.5, 0.62], {"above": 0.5}, "in only 1 of 2"),
        ([0.5, 0.93], {"between": (0.6, 1)}, "in only 1 of 2"),
        ([0.5, 0.93], {"between": (0.4, 0.9)}, "in only 1 of 2"),
        ([0.9, 1.2], {"near": 1, "within": 0.15}, "in only 1 of 2"),
        ([0.8, 1.1], {"near": 1, "within": 0.15}, "in only 1 of 2"),
        (0.5, {"above": 0.6}, "✗ s     .5, above .6"),
        (False, {}, "✗ s"),
        ([True, False], {}, "✗ s     1 of 2 seeds"),
        ([True, False, False], {"in_at_least": 2}, "✗ s     1 of 3 seeds (2 needed)"),
        ([1.0, 6, 7, 9], {"above": 5, "in_at_least": 4}, "in only 3 of 4 (4 needed)"),
        ([1.0, 2, 7, 7.5], {"above": 5, "median": True}, "median 4.5"),
        ([0.5, 0.95], {"below": [0.7, 0.9]}, "lower by −.05 … .20 in only 1 of 2"),
        ([1.5, 2.5], {"near": [1.4, 2.7], "within": 0.15}, "in only 1 of 2"),
        (2e-6, {"below": 1e-6, "exact": True}, "✗ s     2e-6, below 1e-6"),
        ([0.5, 0.8], {"below": 0.7, "recorded": {"date": "2026-01-02"}}, "✗ s"),
    ],
)
def test_a_claim_that_does_not_hold_raises_the_same_numbers(measured, how, words, capsys):
    with pytest.raises(AssertionError, match=re.escape(words)):
        claim("s", measured, **how)
    assert capsys.readouterr().out == ""


# --- claims that say nothing ---


@pytest.mark.parametrize(
    ("measured", "how", "reason"),
    [
        ([0.5, float("nan")], {"above": 0}, "1 NaN or infinite"),
        (float("inf"), {"above": 0}, "NaN or infinite"),
        ([0.5, 0.6], {"above": float("nan")}, "above holds 1 NaN"),
        ([], {"above": 0}, "shape"),
        (torch.zeros(0, dtype=torch.bool), {}, "shape"),
        (torch.rand(2, 2), {"above": 0}, "shape"),
        (["a", "b"], {"above": 0}, "must be numbers"),
        (None, {}, "must be numbers"),
        ([0.5, 0.6], {}, "numbers need a bound"),
        ([True, False], {"above": 0.5}, "truth values need no bound"),
        ([0.5, 0.6], {"above": 0.1, "below": 0.9}, "one bound, not above and below"),
        ([0.5, 0.6], {"between": (0.9, 0.1)}, "the smaller first"),
        ([0.5, 0.6], {"between": (0.1, 0.5, 0.9)}, "the smaller first"),
        ([0.5, 0.6], {"near": 0.5}, "near needs within"),
        ([0.5, 0.6], {"above": 0.5, "within": 0.1}, "near needs within"),
        ([0.5, 0.6], {"near": 0.5, "within": 0}, "positive"),
        ([0.5, 0.6], {"above": [0.1, 0.2, 0.3]}, "2 measured value.s., but 3 bounds"),
        (0.5, {"above": [0.1, 0.2, 0.3]}, "1 measured value.s., but 3 bounds"),
        ([0.5, 0.6], {"near": [0.1, 0.2, 0.3], "within": 1}, "2 measured value.s., but 3 bounds"),
        ([0.5, 0.5, 0.5], {"above": 0.1}, "are the seeds used"),
        ([101, 101], {"above": 0.1}, "101 in all 2 seeds: are the seeds used"),  # no small count
        ([0.5, 0.6], {"near": [0.55, 0.55], "within": 1}, r"near is \.55 in all 2"),
        ([0.5, 0.6], {"above": 0.1, "in_at_least": 3}, "in_at_least=3"),
        ([0.5, 0.6], {"above": 0.1, "in_at_least": 0}, "in_at_least=0"),
        (True, {"in_at_least": 1}, "in_at_least"),
        ([0.5, 0.6], {"above": 0.1, "in_at_least": 1, "median": True}, "median"),
        (0.5, {"above": 0.1, "median": True}, "median"),
        ([True, True], {"median": True}, "median"),
        ([0.5, 0.6], {"above": 0.1, "exact": True, "median": True}, "mathematics"),
        (0.5, {"above": 0.1, "exact": True, "recorded": {"date": "x"}}, "mathematics"),
        ([0.5, 0.6], {"above": 0.1, "recorded": {}}, "lacks its date"),
    ],
)
def test_a_claim_that_says_nothing_is_refused(measured, how, reason, capsys, ledger):
    with pytest.raises(ValueError, match=reason):
        claim("s", measured, **how)
    assert capsys.readouterr().out == "" and ledger() == []


def test_the_sentence_must_be_one():
    for sentence in ("", "  ", 0.5):
        with pytest.raises(ValueError, match="the sentence"):
            claim(sentence, True)


# --- slack and the ledger ---


@pytest.mark.parametrize(
    ("measured", "how", "slack"),
    [
        ([1.0, 2.0, 3.0], {"above": 0.5}, 0.5),  # the worst seed is .5 inside, SD 1
        ([1.0, 2.0, 3.0], {"below": 5}, 2.0),
        ([1.0, 2.0, 3.0], {"between": (0.75, 6)}, 0.25),
        ([1.0, 2.0, 3.0], {"near": 2.5, "within": 2}, 0.5),
        ([10.0, 100.0, 1000.0], {"above": 1}, 1.0),  # one decade inside, SD one decade
        ([1.0, 2.0, 3.0], {"below": [4.0, 6.0, 8.0]}, 3.0),  # 3, 4, 5 lower
        ([10.0, 100.0, 1000.0], {"above": [1.0, 1.5, 1.0]}, 1 / np.std([1, 2 - math.log10(1.5), 3], ddof=1)),
        ([1.0, 2.0, 3.0], {"above": 1.5, "median": True}, 0.5),
        ([1.0, 2.0, 3.0], {"above": 1.5, "in_at_least": 1}, 1.0),  # held in one more than needed
        ([True, True, True, False], {"in_at_least": 2}, 1.0),
        ([True, True], {}, None),  # nothing to spare, always
        ([8, 8, 8], {"above": 6}, None),  # no spread to compare with
        (0.5, {"above": 0.1}, None),
        (True, {}, None),
    ],
)
def test_slack_is_known(measured, how, slack, ledger):
    claim("s", measured, **how)
    assert ledger()[0]["slack"] == (None if slack is None else pytest.approx(slack, rel=1e-9))


def test_a_line_of_the_ledger_says_everything(ledger, monkeypatch):
    monkeypatch.setenv("GAN_SEED_OFFSET", "20014")
    claim("the loss grows", [1.0, 2.0, 3.0], above=0.5)
    claim("this is mathematics", 0.0, near=0, within=1e-9, exact=True)
    claim("it was recorded", [True, False], in_at_least=1, recorded={"date": "2026-01-02"})
    one, two = ledger()
    assert one == {
        "sentence": "the loss grows", "kind": "above", "measured": [1.0, 2.0, 3.0], "bound": 0.5,
        "in_at_least": None, "median": False, "held": True, "slack": 0.5, "seeds": 3, "offset": 20014,
        "recorded": False,
    }  # fmt: skip
    assert (two["kind"], two["measured"], two["bound"]) == ("true", [True, False], None)
    assert (two["in_at_least"], two["recorded"], two["seeds"]) == (1, True, 2)


def test_only_on_request_a_failing_claim_goes_on(ledger, monkeypatch, capsys):
    monkeypatch.setenv("GAN_CLAIMS_GO_ON", "0")
    with pytest.raises(AssertionError):
        claim("a", [1.0, 2.0, 3.0], above=2.5)
    monkeypatch.setenv("GAN_CLAIMS_GO_ON", "1")
    claim("b", [1.0, 2.0, 3.0], above=2.5)
    assert capsys.readouterr().out == "✗ b     3 seeds: 1.0 … 3.0, above 2.5 in only 1 of 3\n"
    assert [(c["sentence"], c["held"], c["slack"]) for c in ledger()] == [
        ("a", False, -1.5),
        ("b", False, -1.5),
    ]


# --- said once ---


class Shell:
    """A kernel: `cell` goes on to the next execution, of the cell with this id (none: it sends no ids)."""

    def __init__(self):
        self.execution_count, self.cell_id, self.user_ns = 0, None, {"In": [""]}

    def cell(self, cell_id=None, code=""):
        self.execution_count += 1
        self.cell_id = cell_id
        self.user_ns["In"].append(code)

    def get_parent(self):
        return {"metadata": {"cellId": self.cell_id} if self.cell_id else {}}


@pytest.fixture
def shell(monkeypatch):
    shell = Shell()
    monkeypatch.setattr(evidence, "get_ipython", lambda: shell)
    shell.shown = []
    monkeypatch.setattr(evidence, "display", lambda data, raw: shell.shown.append(data))
    return shell


def say(filename="<a>", line=1):
    """The claim "s" as said by the cell that was compiled from this file."""
    code = compile("\n" * (line - 1) + "claim('s', True)", filename, "exec")
    exec(code, {"claim": claim})


def test_outside_a_notebook_a_place_may_say_its_sentence_again_and_another_not():
    say("<a>", 1)
    say("<a>", 1)
    for other in (("<a>", 2), ("<b>", 1)):
        with pytest.raises(ValueError, match="said twice.*'s'"):
            say(*other)


def test_a_cell_may_run_again_edited_or_not(shell):
    shell.cell("one")
    say("<a>")
    shell.cell("one")
    say("<a>")
    shell.cell("one")
    say("<edited>", line=3)
    shell.cell("two")
    with pytest.raises(ValueError, match="said twice"):
        say("<a>")


def test_one_cell_says_a_sentence_once(shell):
    shell.cell()
    say()
    with pytest.raises(ValueError, match="said twice"):  # a loop, or a second line
        say()


def test_without_ids_of_cells_only_the_ledger_is_strict(shell, monkeypatch, tmp_path):
    for file in ("<a>", "<a>", "<edited>"):
        shell.cell()
        say(file)
    monkeypatch.setenv("GAN_LEDGER", str(tmp_path / "claims.jsonl"))
    shell.cell()
    with pytest.raises(ValueError, match="said twice"):
        say("<a>")


# --- tables ---


def test_a_table_is_aligned_text(capsys):
    table(
        "Distance",
        {"MLP": [1.2, 1.3, 1.25], "DCGAN": torch.tensor([0.5, 0.52, 0.57]), "untrained": 145.0},
        floor=0.02,
    )
    assert capsys.readouterr().out == (
        "Distance\n\n"
        "            median   smallest … largest   seeds\n"
        "MLP           1.25          1.20 … 1.30       3\n"
        "DCGAN          .52            .50 … .57       3\n"
        "untrained      145\n"
        "floor          .02\n"
    )  # fmt: skip


def test_a_table_of_single_numbers_and_of_shares(capsys):
    table("Found out", {"a": 0.5, "b": 0.125}, unit="%", floor={"by chance": 0.5}, name="player")
    assert capsys.readouterr().out == (
        "Found out (%)\n\nplayer      value\na              50\nb              12\nby chance      50\n"
    )


def test_a_table_is_html_without_colours(shell):
    table("a < b", {"<x>": [0.5, 0.6]})
    [data] = shell.shown
    assert data["text/plain"].splitlines()[0] == "a < b"
    page = data["text/html"]
    assert "a &lt; b" in page and "&lt;x&gt;" in page and "<x>" not in page
    cells = re.findall(r"<t[dh] [^>]*>(.*?)</t[dh]>", page)
    assert cells == ["", "median", "smallest … largest", "seeds", "&lt;x&gt;", ".55", ".50 … .60", "2"]
    assert not re.search(r"#[0-9a-f]{3}|rgb|background|color:(?!inherit)", page)


def test_a_table_refuses_what_is_no_number():
    for rows in ({}, {"a": []}, {"a": [1, float("nan")]}, {"a": "x"}):
        with pytest.raises(ValueError):
            table("t", rows)


# --- intervals ---


@pytest.mark.parametrize("seeds", [5, 16])
@pytest.mark.parametrize(("level", "z"), [(0.95, 1.959964), (0.5, 0.674490)])
def test_coverage_is_that_of_theory(level, z, seeds):
    # The bootstrap's mean is nearly Gaussian with variance s² (n - 1) / n²: Student's interval, a bit short.
    expected = 1 - 2 * stats.t.sf(z * math.sqrt((seeds - 1) / seeds), seeds - 1)
    x = np.random.default_rng(0).normal(3.0, 2.0, (2000, seeds))
    ends = np.array([interval(row, level=level, draws=500) for row in x])
    covered = ((ends[:, 0] < 3) & (ends[:, 1] > 3)).mean()
    assert abs(covered - expected) < 0.04


def test_the_docstring_names_the_right_coverage():
    for seeds, share in ((16, 0.92), (5, 0.84)):
        exact = 1 - 2 * stats.t.sf(1.959964 * math.sqrt((seeds - 1) / seeds), seeds - 1)
        assert abs(exact - share) < 0.006, exact


def test_an_interval_of_many_values_is_the_normal_one():
    x = torch.randn(400, generator=torch.Generator().manual_seed(1), dtype=torch.float64)
    half = 1.96 * x.std().item() / 20
    low, high = interval(x)
    assert low == pytest.approx(x.mean().item() - half, abs=0.1 * half)
    assert high == pytest.approx(x.mean().item() + half, abs=0.1 * half)
    assert interval(x) == (low, high)  # the same draws each time
    narrow = interval(x, level=0.5)
    assert narrow[1] - narrow[0] == pytest.approx((high - low) * 0.6745 / 1.96, rel=0.1)


def test_an_interval_needs_seeds():
    for values, how in (
        (0.5, {}),
        ([1.0, 2.0], {}),
        ([1.0, 2.0, 3.0], {"level": 95}),
        ([1.0, 2.0, math.nan], {}),
    ):
        with pytest.raises(ValueError):
            interval(values, **how)


def test_paired_differences_and_ratios():
    a, b = [12.0, 20.0, 33.0, 40.0], [10.0, 19.0, 30.0, 39.0]
    gap = paired(a, b)
    assert gap.mean == pytest.approx(1.75) and 1 <= gap.low < gap.mean < gap.high <= 3
    assert paired(b, a).mean == pytest.approx(-1.75)
    ratio = paired([2.0, 8.0, 4.0], [1.0, 1.0, 1.0], ratio=True)
    assert ratio.mean == pytest.approx(4) and 2 <= ratio.low < 4 < ratio.high <= 8
    assert paired([4.0, 6.0, 10.0], [2.0, 3.0, 5.0], ratio=True) == pytest.approx((2, 2, 2))
    # Pairing takes the seeds' own level out: unpaired spread is 10, paired one below 1.
    assert gap.high - gap.low < 2
    for one, two, how in (([1.0], [1.0, 2.0], {}), ([1.0, -1.0, 2.0], [1.0, 1.0, 1.0], {"ratio": True})):
        with pytest.raises(ValueError):
            paired(one, two, **how)


@pytest.mark.parametrize("log", [False, True])
def test_a_strip_has_a_tick_per_seed_and_a_bar_for_the_interval(log):
    rows = {"a": [1.0, 2.0, 4.0, 8.0], "b": torch.tensor([2.0, 3.0, 4.0])}
    ax = strip(rows, title="t", xlabel="x", log=log)
    bar, ticks = ax.lines[:2]
    assert ticks.get_xdata().tolist() == rows["a"] and set(ticks.get_ydata()) == {0}
    ends = np.exp(interval(np.log(rows["a"]))) if log else interval(rows["a"])
    assert bar.get_xdata() == pytest.approx(ends) and len(ax.lines) == 4
    assert [t.get_text() for t in ax.get_yticklabels()] == ["a", "b"]
    assert ax.get_xscale() == ("log" if log else "linear") and ax.get_ylim()[0] > ax.get_ylim()[1]
    with pytest.raises(ValueError, match="nothing to draw"):
        strip({}, title="t", xlabel="x")


# --- how sure are we? ---


def run_of(offset, held, measured):
    seeds = len(measured) if isinstance(measured, list) else 1
    return {"offset": offset, "held": held, "measured": measured, "seeds": seeds, "slack": None, "bound": 0}


CODE = ["x = [1, 2]", 'claim("s", x)', 'claim("t", x)']


def write_ledger(cells=CODE, name="claims_nb05.json", broken=None, **sentences):
    claims = {
        s: {"cell": k + 1, "recorded": s == "r", "runs": runs}
        for k, (s, runs) in enumerate(sentences.items())
    }
    ledger = {"cells": evidence.cell_digests(cells), "broken": broken or {}, "claims": claims}
    evidence.RECORDS.mkdir(exist_ok=True)
    (evidence.RECORDS / name).write_text(json.dumps(ledger))


def answer(capsys, *sentences):
    capsys.readouterr()
    how_sure(*sentences)
    first, *lines = capsys.readouterr().out.splitlines()
    assert first == "How sure are we?"
    return [line.strip() for line in lines]


def test_how_often_a_claim_held(capsys):
    numbers = [run_of(0, True, [0.1, 0.2]), run_of(1, True, [0.05, 0.2]), run_of(2, False, [0.1, 0.9])]
    truths = [run_of(0, True, [True, True, True]), run_of(1, True, [True, False, True])]
    write_ledger(s=numbers, t=truths, r=[run_of(0, True, [0.1, 0.2]), run_of(1, True, [0.1, 0.2])])
    claim("s", [0.1, 0.2], above=0)
    claim("t", [True, True, True])
    claim("r", [0.1, 0.2], above=0, recorded={"date": "x"})
    claim("two and two are four", 4, near=4, within=1e-9, exact=True)
    claim("a new one", True)
    expected = [
        "s: held in 1 of 2 runs with other seeds (smallest .05, largest .90)",
        "t: held in 1 of 1 runs with other seeds (at least 2 of 3 seeds)",
        "r: from a record of 2 seeds, not played again",
        "a new one: not yet in the ledger: make claims",
        "exact, which needs no seeds: 1 more",
    ]
    assert answer(capsys) == expected
    assert answer(capsys, "a new …", "s") == [expected[3], expected[0]]
    assert answer(capsys, "gone") == ["gone: no claim of this notebook says this"]


def test_without_a_ledger_nothing_is_known(capsys):
    claim("s", [0.1, 0.2], above=0)
    assert answer(capsys, "s") == ["s: not yet in the ledger: make claims"]
    write_ledger(u=[run_of(0, True, 0.5)])  # of another notebook
    assert answer(capsys, "s") == ["s: not yet in the ledger: make claims"]


def test_the_ledger_of_this_notebook_is_taken(capsys):
    write_ledger(name="claims_nb04.json", s=[run_of(0, True, 0.5), run_of(1, True, 0.5)])
    write_ledger(
        name="claims_nb05.json", s=[run_of(0, True, 0.7), run_of(1, False, 0.8)], t=[run_of(0, True, 1.0)]
    )
    claim("s", 0.7, above=0)
    claim("t", 0.7, above=0)
    assert answer(capsys, "s") == ["s: held in 0 of 1 runs with other seeds (smallest .7, largest .8)"]


def test_what_the_ledger_has_and_the_notebook_not(capsys):
    write_ledger(
        s=[run_of(0, True, 0.5), run_of(1, True, 0.5)],
        t=[run_of(0, True, 0.5), run_of(1, True, 0.5)],
        broken={"2": "x"},
    )
    claim("t", 0.5, above=0)
    gone, known = answer(capsys, "s", "t")
    assert gone.startswith("s: held in 1 of 1") and "does not claim it any more" in gone
    assert known.endswith("– 1 more broke off")


@pytest.mark.parametrize(
    ("ran", "old"),
    [
        (CODE, False),
        ([*CODE[:2], CODE[1], "print(x)"], False),  # a cell run twice, one of the learner's own
        (["x = [1, 2]  # the same numbers", CODE[1]], False),
        (["x = [1, 3]", CODE[1]], True),
    ],
)
def test_a_ledger_older_than_its_code_says_so(shell, ran, old):
    write_ledger(s=[run_of(0, True, 0.5), run_of(1, True, 0.5)])
    for code in ran:
        shell.cell(code=code)
    claim("s", 0.5, above=0)
    how_sure("s")
    [data] = shell.shown
    assert ("older than its code" in data["text/plain"]) == old
    assert data["text/html"].startswith("<details><summary>") and "s: held in 1 of 1" in data["text/html"]
