"""Statements that were measured: `claim` says one, `table` shows numbers, `how_sure` what other seeds say.

A statement about a GAN is a sentence, a number per seed and a bound. `claim` prints the sentence where the
numbers bear it out and raises AssertionError where they do not. With GAN_LEDGER=file each claim adds one
JSON line to that file; `make claims` collects them over moved seeds into `records/claims_nbNN.json`, the
ledger, from which `how_sure` tells how often each sentence held.
"""

from __future__ import annotations

import html
import json
import math
import os
import sys
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import matplotlib.pyplot as plt
import numpy as np
import torch
from IPython import get_ipython
from IPython.display import display
from matplotlib.axes import Axes

from gan_helpers import plots, seeds
from gan_helpers.stamp import cell_digests

__all__ = ["Estimate", "claim", "how_sure", "interval", "numbers", "paired", "strip", "table"]

RECORDS = Path(__file__).with_name("records")
DECADE = 10.0  # numbers at least this factor apart are compared by their ratio
COUNT = 100  # whole numbers up to here are counts, which may coincide over seeds
_said: dict[str, Saying] = {}  # the sentences of this session, each with the place that said it


# --- numbers ----------------------------------------------------------------------------------


def numbers(values: Iterable[float], *typed: float) -> list[str]:
    """The numbers as text, to read: 1e-8, .027, 145, −23, 60,000; then `typed`, as they were typed.

    Each has two significant digits, or up to four where different numbers would look alike, a share like 1,
    or a typed one (1.05) like another (1.1); numbers of one size have equally many decimals.
    """
    values = [float(v) for v in (*values, *typed)]
    written = [float(v) for v in typed if math.isclose(float(f"{v:.4g}"), v)]  # not a computed one
    for digits in (2, 3, 4):
        places = [_places(v, digits) for v in values]
        alike = [[p for w, p in zip(values, places, strict=True) if _same_size(v, w)] for v in values]
        texts = [_text(v, max(near, default=0), digits) for v, near in zip(values, alike, strict=True)]
        became_one = any(
            abs(v) < 1 and t.strip("−").startswith("1.") for v, t in zip(values, texts, strict=True)
        )
        rounded = any(not math.isclose(float(f"{v:.{digits}g}"), v) for v in written)
        if len(set(texts)) == len(set(values)) and not became_one and not rounded:
            break
    return texts


def _is_tiny(v: float) -> bool:
    return v != 0 and not 1e-3 <= abs(v) < 1e6


def _same_size(v: float, w: float) -> bool:
    return v != 0 and w != 0 and not _is_tiny(v) and not _is_tiny(w) and 0.05 < abs(v / w) < 20


def _places(v: float, digits: int) -> int:
    """How many decimals a number needs, at most for so many significant digits."""
    if v == 0 or _is_tiny(v):
        return 0
    most = max(0, digits - 1 - math.floor(math.log10(abs(v))))
    return next((d for d in range(most) if math.isclose(round(v, d), v, rel_tol=1e-9)), most)


def _text(v: float, places: int, digits: int) -> str:
    if _is_tiny(v):
        mantissa, power = f"{abs(v):.{digits - 1}e}".split("e")
        text = f"{mantissa.rstrip('0').rstrip('.')}e{int(power)}"
    else:
        text = f"{abs(v):,.{places}f}"
        text = text.removeprefix("0") if "." in text else text
    return "−" + text if v < 0 else text


def span(values: Sequence[float], *others: float) -> list[str]:
    """The text "smallest … largest" of values, then that of each other number."""
    low, high, *rest = numbers([min(values), max(values)], *others)
    return [low if low == high else f"{low} … {high}", *rest]


def per_seed(values: object, name: str = "measured") -> np.ndarray:
    """Numbers or truth values as an array (seeds,), () for a single one; ValueError names what is wrong."""
    if isinstance(values, torch.Tensor):
        values = values.detach().cpu()
        values = values.float() if values.dtype == torch.bfloat16 else values
    elif isinstance(values, list | tuple):
        values = [v.item() if isinstance(v, torch.Tensor | np.generic) and v.ndim == 0 else v for v in values]
    array = np.asarray(values)
    if array.dtype.kind not in "biuf":
        raise ValueError(f"{name} must be numbers or truth values, not {array.dtype}")
    if array.ndim > 1 or array.size == 0:
        raise ValueError(f"{name} has shape {array.shape}: expected one number, or one per seed")
    if not np.isfinite(array).all():
        bad = int((~np.isfinite(array)).sum())
        raise ValueError(
            f"{name} holds {bad} NaN or infinite value(s) of {array.size}: look at what made them"
        )
    return array if array.dtype == bool else array.astype(float)


def refuse_equal(values: np.ndarray, name: str) -> None:
    """Raise ValueError if all seeds gave one and the same number, and it is no small count."""
    first = values.flat[0]
    count = values.dtype == bool or (first == round(first) and abs(first) <= COUNT)
    if values.size > 1 and (values == first).all() and not count:
        raise ValueError(f"{name} is {numbers([first])[0]} in all {values.size} seeds: are the seeds used?")


# --- claim ------------------------------------------------------------------------------------


class Saying(NamedTuple):
    """Where a sentence was said: cell or file, line, number of the execution; and is it mathematics?"""

    place: str
    line: int
    execution: int | None
    exact: bool


class Judged(NamedTuple):
    """A verdict: does it hold, with how much room (None: cannot be said), and the numbers in words."""

    held: bool
    slack: float | None
    words: str


def claim(
    sentence: str,
    measured: object,
    *,
    above: object = None,
    below: object = None,
    between: tuple[float, float] | None = None,
    near: object = None,
    within: float | None = None,
    in_at_least: int | None = None,
    median: bool = False,
    exact: bool = False,
    recorded: Mapping | None = None,
) -> None:
    """Print the sentence with what was measured if it holds; raise AssertionError with the numbers if not.

    measured: a number or a truth value, or one per seed (list, tuple, array or tensor (seeds,)). Truth values
        must all be true; numbers need one bound:
    above, below: a number, or one per seed (then every seed is compared with its own: a paired claim)
    between: (low, high), ends included
    near, within: at most `within` away from `near`, which may be per seed
    in_at_least: so many seeds must hold, not all
    median: the median over seeds must hold, and the line says so
    exact: a statement of mathematics, not of seeds; it does not go into the ledger
    recorded: the record (with a "date") that the numbers come from, for runs too long for a notebook

    A sentence is said once in a notebook; running its cell again is fine. Raises ValueError for numbers that
    are missing, not finite, or the same in all seeds (small whole numbers may be), and for bounds that are
    missing, contradict each other, or do not fit the seeds.
    """
    values, (kind, bound) = per_seed(measured), _bound(above, below, between, near, within)
    _refuse(sentence, values, kind, bound, in_at_least, median, exact, recorded)
    frame = sys._getframe(1)
    _once(sentence, frame.f_code.co_filename, frame.f_lineno, exact)
    judged = judge(
        values, kind, bound, in_at_least=in_at_least, median=median, exact=exact, recorded=recorded
    )
    if not exact:
        _write_down(sentence, values, kind, bound, in_at_least, median, recorded, judged)
    mark = "✗" if not judged.held else "✓" if recorded is None else "◆"
    line = f"{mark} {sentence}" + (f"     {judged.words}" if judged.words else "")
    if not judged.held and os.environ.get("GAN_CLAIMS_GO_ON", "") in ("", "0"):
        raise AssertionError(line)
    print(line)


def _bound(above, below, between, near, within) -> tuple[str, np.ndarray | None]:
    """(kind, bound) of the one bound that is given; the bound of `near` is (near, within) stacked."""
    given = {"above": above, "below": below, "between": between, "near": near}
    given = {kind: per_seed(value, kind) for kind, value in given.items() if value is not None}
    if len(given) > 1:
        raise ValueError(f"give one bound, not {' and '.join(given)}")
    if (within is None) != ("near" not in given):
        raise ValueError("near needs within, and within needs near")
    if not given:
        return "true", None
    [(kind, bound)] = given.items()
    if kind == "between" and not (bound.shape == (2,) and bound[0] < bound[1]):
        raise ValueError(f"between={between}: expected two numbers, the smaller first")
    if kind == "near":
        if not within > 0:
            raise ValueError(f"within={within}: expected a positive number")
        bound = np.stack([bound, np.full_like(bound, within)])
    return kind, bound


def _paired(kind: str, bound: np.ndarray | None) -> bool:
    return (kind in ("above", "below") and bound.ndim == 1) or (kind == "near" and bound.ndim == 2)


def _refuse(sentence, values, kind, bound, in_at_least, median, exact, recorded) -> None:
    """Raise ValueError for a claim that says nothing, or two things at once."""
    if not isinstance(sentence, str) or not sentence.strip():
        raise ValueError("the first argument is the sentence")
    if (values.dtype == bool) != (kind == "true"):
        raise ValueError("numbers need a bound" if kind == "true" else "truth values need no bound")
    if in_at_least is not None and not (values.ndim and 1 <= in_at_least <= values.size):
        raise ValueError(f"in_at_least={in_at_least}: there are {values.size} value(s)")
    if median and (in_at_least is not None or not values.ndim or kind == "true"):
        raise ValueError("median is for numbers over seeds, and excludes in_at_least")
    if exact and (median or in_at_least is not None or recorded is not None):
        raise ValueError("mathematics is neither recorded nor true in some seeds only")
    if recorded is not None and "date" not in recorded:
        raise ValueError("recorded must be a record: it lacks its date")
    if _paired(kind, bound) and bound.shape[-1:] != values.shape:
        raise ValueError(f"{values.size} measured value(s), but {bound.shape[-1]} bounds")
    if not exact:
        refuse_equal(values, "measured")
        if _paired(kind, bound):
            refuse_equal(bound[0] if kind == "near" else bound, kind)


def judge(values, kind, bound, *, in_at_least=None, median=False, exact=False, recorded=None) -> Judged:
    """Compare values () or (seeds,) with their bound; see `claim`."""
    n = values.size
    head = f"{n} {'value' if exact else 'seed'}{'s' if n > 1 else ''}" if values.ndim else ""
    if kind == "true":
        good, margins, scaled, words = values.reshape(-1), None, None, ""
    else:
        good, margins, scaled, words = _compare(values.reshape(-1), kind, bound, median)
    needed = in_at_least or good.size
    held = bool(good.sum() >= needed)
    if kind == "true":
        words = f"{good.sum()} of {head}" if values.ndim else ""
        head = ""
    elif (not held and good.size > 1) or in_at_least:
        words += f" in {'' if held else 'only '}{good.sum()} of {n}"
    if in_at_least:
        words += f" ({in_at_least} needed)"
    if recorded is not None:
        words += f", recorded {recorded['date']}"
    slack = None
    if in_at_least:
        slack = float(good.sum() - needed)
    elif margins is not None and n > 1 and scaled.std() > 0:
        slack = float(margins.min() / scaled.std(ddof=1))
    return Judged(held, slack, ": ".join(filter(None, [head, words])))


def _compare(values, kind, bound, median):
    """(which hold, how far inside each is, the values on that scale, words); logarithms over decades."""
    paired, limits = _paired(kind, bound), np.ravel(bound)
    everything = np.concatenate([values, limits])
    log = kind != "near" and everything.min() > 0 and everything.max() >= DECADE * everything.min()
    scale = np.log10 if log else np.asarray
    within = float(bound[1].flat[0]) if kind == "near" else None
    scaled, centre = scale(values), scale(bound[0] if kind == "near" else bound)
    if paired:
        scaled, centre = scaled - centre, np.zeros(())
    judged = np.median(scaled, keepdims=True) if median else scaled
    if kind == "above":
        margins = judged - centre
    elif kind == "below":
        margins = centre - judged
    elif kind == "between":
        margins = np.minimum(judged - centre[0], centre[1] - judged)
    else:
        margins = within - abs(judged - centre)
    good = margins >= 0 if kind in ("between", "near") else margins > 0
    if paired:
        return good, margins, scaled, _pair_words(scaled, kind, log, within, median)
    text, *ends = span(values, *([limits[0], within] if kind == "near" else limits))
    if median:
        text = f"median {numbers([np.median(values), values.min(), values.max()])[0]} ({text})"
    ask = {"between": " and ", "near": " ± "}.get(kind, "").join(ends)
    return good, margins, scaled, f"{text}, {kind} {ask}"


def _pair_words(gaps, kind, log, within, median) -> str:
    """What the differences (or, of logarithms, the ratios) of pairs are, in words."""
    gaps = -gaps if kind == "below" else gaps
    gaps = 10**gaps if log else gaps
    text = span(gaps)[0]
    if median:
        text = f"median {numbers([np.median(gaps), gaps.min(), gaps.max()])[0]} ({text})"
    if kind == "near":
        return f"differ by {text}, within {numbers([within])[0]}"
    if log:
        return f"{text} times as {'large' if kind == 'above' else 'small'}"
    return f"{'higher' if kind == 'above' else 'lower'} by {text}"


def _once(sentence: str, file: str, line: int, exact: bool) -> None:
    """Note who says the sentence; raise ValueError if another cell said it, or this run of the cell did.

    Where cells have no ids (Colab), an edited cell that runs again looks like another one and is let through,
    unless the ledger is written: then each cell runs once.
    """
    shell = get_ipython()
    metadata = shell.get_parent().get("metadata", {}) if hasattr(shell, "get_parent") else {}
    cell, execution = metadata.get("cellId"), shell.execution_count if shell else None
    now, before = Saying(cell or file, line, execution, exact), _said.get(sentence)
    if before and shell is None:
        twice = (before.place, before.line) != (file, line)
    elif before:
        elsewhere = bool(cell) and before.place != cell
        twice = elsewhere or before.execution == execution or bool(os.environ.get("GAN_LEDGER"))
    else:
        twice = False
    if twice:
        raise ValueError(f"said twice, so nobody knows which is meant: {sentence!r}")
    _said[sentence] = now


def _write_down(sentence, values, kind, bound, in_at_least, median, recorded, judged) -> None:
    """Add one line to the file of GAN_LEDGER, if it is set."""
    if not (path := os.environ.get("GAN_LEDGER")):
        return
    entry = {
        "sentence": sentence,
        "kind": kind,
        "measured": values.tolist(),
        "bound": None if bound is None else bound.tolist(),
        "in_at_least": in_at_least,
        "median": median,
        "held": judged.held,
        "slack": judged.slack,
        "seeds": values.size,
        "offset": seeds.offset(),
        "recorded": recorded is not None,
    }
    with open(path, "a") as file:
        file.write(json.dumps(entry) + "\n")


# --- tables -----------------------------------------------------------------------------------


def show(text: str, page: str) -> None:
    """Display HTML in a notebook, and its text where there is none."""
    if get_ipython() is None:
        print(text)
    else:
        display({"text/plain": text, "text/html": page}, raw=True)


def aligned(rows: Sequence[Sequence[str]]) -> str:
    """Rows of equal length as text: the first column to the left, the others to the right."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = []
    for first, *rest in rows:
        cells = [first.ljust(widths[0])] + [c.rjust(w) for c, w in zip(rest, widths[1:], strict=True)]
        lines.append("   ".join(cells).rstrip())
    return "\n".join(lines)


def table(
    title: str, rows: Mapping[str, object], *, unit: str | None = None, floor: object = None, name: str = ""
) -> None:
    """Show per row the median, the smallest and the largest value and the number of seeds.

    rows: {label: one number per seed, or one number}
    unit: written beside the title; "%" shows shares as per cent
    floor: the best that could be, as a last row of that name (numbers as in a row; {label: numbers} names it)
    name: heading of the first column
    Raises ValueError for rows that are empty or not finite.
    """
    rows = dict(rows)
    if floor is not None:
        rows |= floor if isinstance(floor, Mapping) else {"floor": floor}
    if not rows:
        raise ValueError("a table needs rows")
    factor = 100 if unit == "%" else 1
    values = {label: factor * per_seed(v, label).astype(float) for label, v in rows.items()}
    over_seeds = any(v.ndim for v in values.values())
    head = [name, "median", "smallest … largest", "seeds"] if over_seeds else [name, "value"]
    body = []
    for label, v in values.items():
        middle, low, high = numbers([np.median(v), v.min(), v.max()])
        spread = [f"{low} … {high}", str(v.size)] if v.ndim else ["", ""]
        body.append([label, middle, *spread] if over_seeds else [label, middle])
    title = f"{title} ({unit})" if unit else title
    show(f"{title}\n\n{aligned([head, *body])}", _page(title, [head, *body]))


def _page(title: str, rows: Sequence[Sequence[str]]) -> str:
    """The rows (the first is the head) as an HTML table without colours of its own."""
    lines = []
    for k, row in enumerate(rows):
        tag = "td" if k else "th"
        cells = ""
        for c, text in enumerate(row):
            style = f"text-align:{'right' if c else 'left'}; padding:.25em .8em"
            cells += f'<{tag} style="{style}">{html.escape(text)}</{tag}>'
        lines.append(f"<tr>{cells}</tr>")
    caption = (
        f'<caption style="text-align:left; font-weight:bold; color:inherit">{html.escape(title)}</caption>'
    )
    return f"<table>{caption}<thead>{lines[0]}</thead><tbody>{''.join(lines[1:])}</tbody></table>"


# --- intervals --------------------------------------------------------------------------------


class Estimate(NamedTuple):
    """A mean, and its interval from low to high."""

    mean: float
    low: float
    high: float


def interval(values: object, level: float = 0.95, draws: int = 4000) -> tuple[float, float]:
    """Bootstrap interval (low, high) of the mean of values (seeds,), the same at each call.

    It is a little too narrow for few seeds: at level .95 it covers the true mean of Gaussian values in
    92 % of experiments with 16 seeds, in 84 % with 5. Raises ValueError for fewer than 3 values.
    Source: Efron 1979, percentile interval.
    """
    if not 0 < level < 1:
        raise ValueError(f"level={level}: expected a share between 0 and 1, such as .95")
    values = torch.from_numpy(per_seed(values, "values").astype(float))
    if values.ndim == 0 or len(values) < 3:
        raise ValueError("an interval needs three seeds or more")
    index = torch.randint(len(values), (draws, len(values)), generator=seeds.make_generator(0))
    ends = torch.tensor([(1 - level) / 2, (1 + level) / 2], dtype=values.dtype)
    low, high = values[index].mean(1).quantile(ends).tolist()
    return low, high


def paired(a: object, b: object, ratio: bool = False, level: float = 0.95) -> Estimate:
    """Mean of a − b over seeds (seeds,) with its interval; with `ratio` the geometric mean of a / b.

    Raises ValueError for different lengths, and for a ratio of numbers that are not positive.
    """
    a, b = per_seed(a, "a").astype(float), per_seed(b, "b").astype(float)
    if a.shape != b.shape:
        raise ValueError(f"pairs need equal lengths, not {a.size} and {b.size}")
    if ratio and min(a.min(), b.min()) <= 0:
        raise ValueError("a ratio needs positive numbers")
    gaps = np.log(a) - np.log(b) if ratio else a - b
    estimate = Estimate(float(gaps.mean()), *interval(gaps, level))
    return Estimate(*map(math.exp, estimate)) if ratio else estimate


def strip(
    rows: Mapping[str, object], *, title: str, xlabel: str, log: bool = False, ax: Axes | None = None
) -> Axes:
    """Draw one tick per seed in each row {label: (seeds,)}, and a bar for the 95 % interval of the mean.

    With `log` the axis is logarithmic and the bar is that of the geometric mean.
    """
    if not rows:
        raise ValueError("there is nothing to draw")
    values = {label: per_seed(v, label).astype(float) for label, v in rows.items()}
    if ax is None:
        ax = plt.subplots(figsize=(6.4, 1.0 + 0.34 * len(rows)))[1]
    for row, v in enumerate(values.values()):
        ends = np.exp(interval(np.log(v))) if log else interval(v)
        ax.plot(ends, [row, row], color=plots.SKY, linewidth=6, alpha=0.7, solid_capstyle="butt")
        ax.plot(v, [row] * len(v), "|", color=plots.DISC, markersize=9)
    ax.set_yticks(range(len(rows)), list(rows))
    ax.set(xlabel=xlabel, title=title, ylim=(len(rows) - 0.5, -0.5), xscale="log" if log else "linear")
    return ax


# --- how sure are we? -------------------------------------------------------------------------


def how_sure(*sentences: str) -> None:
    """Show, folded, in how many runs with other seeds each claim held, as the ledger has it.

    sentences: those of claims above, or their beginnings followed by "…"; none: all claims so far.
    """
    ledger, lines, exact = _ledger(), [], 0
    for asked in sentences or tuple(_said):
        found = beginning(asked, _said)
        sentence = found[0] if len(found) == 1 else asked
        if sentence in _said and _said[sentence].exact:
            exact += 1
        else:
            lines.append(f"{sentence}: {known(sentence, ledger)}")
    if exact:
        lines.append(f"exact, which needs no seeds: {exact} more")
    items = "".join(f"<li>{html.escape(line)}</li>" for line in lines)
    page = f"<details><summary><b>How sure are we?</b></summary><ul>{items}</ul></details>"
    show("How sure are we?\n" + "\n".join(f"  {line}" for line in lines), page)


def beginning(asked: str, sentences: Iterable[str]) -> list[str]:
    """The sentences that are meant: the one asked for, or those that begin so, if it ends with "…"."""
    if asked.endswith("…"):
        return [s for s in sentences if s.startswith(asked.removesuffix("…").rstrip())]
    return [s for s in sentences if s == asked]


def _ledger(folder: Path | None = None) -> dict:
    """The ledger that shares most sentences with this session; an empty one if none does."""
    ledgers = [json.loads(p.read_text()) for p in sorted((folder or RECORDS).glob("claims_*.json"))]
    shared = [len(_said.keys() & ledger["claims"].keys()) for ledger in ledgers]
    if not any(shared):
        return {"cells": [], "claims": {}, "broken": {}}
    return ledgers[shared.index(max(shared))]


def known(sentence: str, ledger: dict) -> str:
    """What the ledger knows of a sentence, in words."""
    entry = ledger["claims"].get(sentence)
    if entry is None:
        return (
            "not yet in the ledger: make claims"
            if sentence in _said
            else "no claim of this notebook says this"
        )
    age = " – older than its code: make claims" if older(ledger["cells"][: entry["cell"] + 1]) else ""
    age = age if sentence in _said else " – this notebook does not claim it any more, or its cell has not run"
    runs = entry["runs"]
    if entry["recorded"]:
        seeds = runs[0]["seeds"]
        return f"from a record of {seeds} seed{'s' if seeds > 1 else ''}, not played again" + age
    moved = [run for run in runs if run["offset"]]
    held = sum(run["held"] for run in moved)
    text = f"held in {held} of {len(moved)} runs with other seeds{_extremes(runs)}" + age
    missing = len(ledger["broken"])
    return text + (f" – {missing} more broke off" if missing else "")


def _extremes(runs: Sequence[dict]) -> str:
    """The smallest and the largest value of all runs, in brackets; of truth values, the smallest count."""
    values = [v for run in runs for v in np.ravel(run["measured"]).tolist()]
    if isinstance(values[0], bool):
        counts = [int(np.sum(run["measured"])) for run in runs]
        return f" (at least {min(counts)} of {runs[0]['seeds']} seeds)" if runs[0]["seeds"] > 1 else ""
    low, high = numbers([min(values), max(values)])
    return f" (smallest {low}, largest {high})"


def older(cells: Sequence[str]) -> bool:
    """Did this session run other code than the ledger's cells? (A cell run twice, or one more, is fine.)"""
    shell = get_ipython()
    if shell is None:
        return False
    ran = cell_digests(shell.user_ns.get("In", []))
    return not set(cells) <= {"", *ran}
