"""`make claims` on a small project of its own; what is wrong with a sentence is found."""

import json
import shutil
import sys
from pathlib import Path

import pytest

from gan_helpers import stamp

ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT / "tools"))
import claims as tool  # noqa: E402

SOURCES = tool.sources(ROOT)


@pytest.mark.parametrize("source", SOURCES, ids=[s.stem for s in SOURCES])
def test_every_sentence_is_written_out_and_said_once(source):
    assert tool.sentence_faults(source) == []


# --- runs, on a small project of its own ---

SOURCE = """# %% [markdown]
# # 01 · X

# %% tags=["setup"]
import os

from gan_helpers import toy
from gan_helpers.evidence import claim, how_sure

moved = int(os.environ["GAN_SEED_OFFSET"]) // 10_007

# %% [markdown]
# ## 1 First

# %%
values = [toy.base() + s + 0.1 * moved for s in range(3)]
claim("all are positive", values, above=0)
claim("two and two are four", 4, near=4, within=1e-9, exact=True)

# %% tags=["exercise-1"]
answer = None

# %% [markdown]
# ## 2 Second

# %%
claim("the first is small", values[0], below=1.15)
print("after the claim")

# %%
assert moved < 3, "too far"
claim("this comes last", values[0] > 0)
"""

PLAIN = "# %%\nassert True\n"


@pytest.fixture
def project(tmp_path, monkeypatch):
    shutil.copytree(
        ROOT / "gan_helpers", tmp_path / "gan_helpers", ignore=shutil.ignore_patterns("__pycache__")
    )
    for old in (tmp_path / "gan_helpers").glob("records/claims_*"):
        old.unlink()
    (tmp_path / "gan_helpers" / "toy.py").write_text(
        "def base():\n    return 1.0\n\n\ndef unused():\n    return 2\n"
    )
    folder = tmp_path / "notebooks" / "source"
    (folder / "deeper").mkdir(parents=True)
    (tmp_path / "notebooks" / "deeper").mkdir()
    (folder / "01_x.py").write_text(SOURCE)
    (folder / "02_y.py").write_text(PLAIN)
    (folder / "deeper" / "05_z.py").write_text(
        "# %%\nfrom gan_helpers import toy\nfrom gan_helpers.evidence import claim\n\n"
        "claim('deeper', [toy.base(), toy.base() + 1], above=0.5)\n"
    )
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    return tmp_path


def ledger(project, name="claims_nb01"):
    return json.loads((project / "gan_helpers" / "records" / f"{name}.json").read_text())


def main(project, monkeypatch, *words):
    monkeypatch.setattr(sys, "argv", ["claims.py", *words, "--root", str(project)])
    return tool.main()


def test_the_runs_and_their_ledgers(project, monkeypatch, capsys):
    # Seeds moved by 0 and 1 hold, by 2 fail a claim, by 3 break off at something else.
    assert main(project, monkeypatch, "run", "--seeds", "3", "--only", "01", "02") == 1
    told = capsys.readouterr().out
    assert "[4/4]" in told and "02_y" not in told and "05_z" not in told
    assert "01_x + 20014: 3 claims, 1 failed" in told and "\n    ✗ the first is small\n" in told
    assert "01_x + 30021: 2 claims, 1 failed" in told
    assert "INCOMPLETE, code cell 4: AssertionError: too far" in told

    book = ledger(project)
    assert book["notebook"] == "01_x" and set(book["broken"]) == {"30021"}
    assert list(book["claims"]) == ["all are positive", "the first is small", "this comes last"]
    first = book["claims"]["all are positive"]
    assert (first["cell"], first["section"], first["kind"]) == (1, "1 First", "above")
    assert [r["offset"] for r in first["runs"]] == [0, 10_007, 20_014, 30_021]
    assert first["runs"][1]["measured"] == [1.1, 2.1, 3.1]  # moved seeds, short numbers
    assert all(r["held"] for r in first["runs"])
    small = book["claims"]["the first is small"]
    assert (small["cell"], small["section"]) == (3, "2 Second")
    assert [r["held"] for r in small["runs"]] == [True, True, False, False]
    assert len(book["claims"]["this comes last"]["runs"]) == 3

    # The weakest: what failed comes first; a single value is judged over the runs (SD .129, .15 short).
    one, two, three = told.split("claim\n")[-1].splitlines()
    assert one.split() == ["-1.16", "2", "of", "4", "01_x", "the", "first", "is", "small"]
    assert two.split()[:4] == ["1.00", "4", "of", "4"] and "all are positive" in two  # 1, 2, 3 above 0
    assert three.split()[:4] == ["–", "3", "of", "3"]

    # Finished runs are kept; what broke off is tried again. Nothing that was measured has changed.
    assert main(project, monkeypatch, "run", "--seeds", "3", "--only", "01") == 1
    assert capsys.readouterr().out.count("(kept)") == 3
    assert ledger(project) == book


def test_a_run_is_played_again_when_its_code_has_changed(project, monkeypatch, capsys):
    toy, source = project / "gan_helpers" / "toy.py", project / "notebooks" / "source" / "05_z.py"
    (project / "notebooks" / "source" / "deeper" / "05_z.py").rename(source)

    def kept():
        assert main(project, monkeypatch, "run", "--seeds", "0", "--only", "05") == 0
        return "(kept)" in capsys.readouterr().out

    assert not kept() and kept()
    toy.write_text(toy.read_text().replace("return 2", "return 3").replace("def base", "# why\ndef base"))
    assert kept()  # neither a comment nor a helper that nobody calls matters
    toy.write_text(toy.read_text().replace("1.0", "1.01"))
    assert not kept()
    assert ledger(project, "claims_nb05")["claims"]["deeper"]["runs"][0]["measured"] == [1.01, 2.01]


def test_a_lesson_and_its_deeper_notebook_are_named(project):
    (project / "notebooks" / "source" / "05_w.py").write_text(PLAIN)

    def named(*only):
        return [p.stem for p in tool.sources(project, list(only))]

    assert named("05") == ["05_w", "05_z"] and named("deeper/05") == ["05_z"]
    assert named("deeper/01") == [] and named("01", "deeper/05") == ["01_x", "05_z"]
    assert named() == ["01_x", "02_y", "05_w", "05_z"]


def test_a_ledger_is_compared_with_its_notebook(project, monkeypatch, capsys):
    source = project / "notebooks" / "source" / "01_x.py"

    def told():
        assert main(project, monkeypatch, "check", "--only", "01") == 0  # no fault of the text
        return capsys.readouterr().out

    assert told() == "01_x: no ledger yet: make claims ONLY=01\n"
    line = {"kind": "true", "measured": True, "bound": None, "recorded": False}
    lines = [line | {"sentence": s} for s in ("all are positive", "the first is small", "this comes last")]
    run = {"offset": 0, "broken": None, "claims": lines}
    path = tool.ledger_of(source, project)
    path.parent.mkdir(exist_ok=True)
    path.write_text(tool.as_text(tool.collect(source, project, [run])))
    assert told() == ""
    source.write_text(SOURCE.replace("below=1.15", "below=1.25").replace('"all are', '"All are'))
    found = told()
    assert "claimed no more: 'all are positive'" in found and "not in the ledger: 'All are positive'" in found
    assert "older than the code of: 'the first is small'" in found
    source.write_text(
        SOURCE.replace("answer = None", "answer = 1").replace("values[0] > 0", "values[0] > -1")
    )
    # The answer to an exercise does not count, and what stands before a change is as it was.
    assert told() == "01_x: the ledger is older than the code of: 'this comes last'\n"
    deeper = project / "notebooks" / "source" / "deeper" / "05_z.py"
    assert tool.ledger_of(deeper, project).name == "claims_nb05_deeper.json"


@pytest.mark.parametrize(
    ("more", "fault"),
    [
        ('claim("all are positive", 1, above=0)', "claimed 2 times: 'all are positive'"),
        ('claim(f"value {moved}", 1, above=0)', "claim must be written out"),
        ("sentence = 'x'\nevidence.claim(sentence, 1, above=0)", "claim must be written out"),
        ('how_sure("nobody says this")', "not one claim says"),
        ('how_sure("th…")', "not one claim says"),
        ("how_sure(*values)", "how_sure must be written out"),
    ],
)
def test_each_fault_of_a_sentence_is_found(project, monkeypatch, capsys, more, fault):
    source = project / "notebooks" / "source" / "01_x.py"
    assert tool.sentence_faults(source) == []
    source.write_text(SOURCE + '\n# %%\nhow_sure("all are …", "two and two are four")\n')
    assert tool.sentence_faults(source) == []
    source.write_text(f"{SOURCE}\n# %%\n{more}\n")
    assert [f for f in tool.sentence_faults(source) if fault in f], tool.sentence_faults(source)
    assert main(project, monkeypatch, "check") == 1


def test_a_single_value_is_judged_over_the_runs():
    def entry(kind, *runs, seeds=1):
        return {
            "kind": kind,
            "recorded": False,
            "runs": [{"measured": m, "bound": b, "slack": None, "seeds": seeds} for m, b in runs],
        }

    assert tool.slack_of(entry("above", (1.0, 0.5), (2.0, 0.5), (3.0, 0.5))) == pytest.approx(0.5)
    assert tool.slack_of(entry("below", (1.0, 4.0), (2.0, 6.0), (3.0, 8.0))) == pytest.approx(3.0)
    assert tool.slack_of(
        entry("between", (1.0, [0.75, 6]), (2.0, [0.75, 6]), (3.0, [0.75, 6]))
    ) == pytest.approx(0.25)
    assert tool.slack_of(entry("near", (1.0, [2.5, 2]), (2.0, [2.5, 2]), (3.0, [2.5, 2]))) == pytest.approx(
        0.5
    )
    assert tool.slack_of(entry("near", (1.0, [1.5, 1]), (2.0, [2.5, 1]), (4.5, [4.5, 1]))) == pytest.approx(
        0.5 / 0.288675
    )
    assert tool.slack_of(entry("above", (1.0, 0.5), (2.0, 0.5))) is None
    assert tool.slack_of(entry("true", (True, None), (True, None), (True, None))) is None


# --- digests ---


def digests(project, *cells):
    return stamp.cell_digests(cells, project)


IMPORT = "from gan_helpers import toy\nfrom gan_helpers.toy import base as start\nimport gan_helpers.toy as t"


@pytest.mark.parametrize(
    "use", ["toy.base()", "start", "t.base", "toy.base().real", "f = lambda: [start() for _ in 'ab']"]
)
def test_a_digest_follows_the_helper_that_is_called(project, use):
    toy = project / "gan_helpers" / "toy.py"
    before = digests(project, IMPORT, use)
    toy.write_text(
        '"""What it is."""\nFIRST = 1\n\n\ndef base():\n    "It says why."\n    return inner()  # why\n\n\n'
    )
    toy.write_text(
        toy.read_text() + "def inner():\n    return FIRST + other()\n\n\nfrom gan_helpers.more import other\n"
    )
    (project / "gan_helpers" / "more.py").write_text(
        "def other():\n    return 1\n\n\ndef unused():\n    return 2\n"
    )
    now = digests(project, IMPORT, use)
    assert now != before and now[0] == before[0]  # importing alone uses nothing

    def after(path, old, new):
        text = path.read_text()
        assert old in text
        path.write_text(text.replace(old, new))
        found = digests(project, IMPORT, use)
        path.write_text(text)
        return found

    more = project / "gan_helpers" / "more.py"
    assert after(toy, "FIRST = 1", "FIRST = 2") != now  # a constant, used by what is called
    assert after(more, "return 1", "return 3") != now  # a function of another module, used by that
    assert after(more, "return 2", "return 3") == now  # used by nobody
    assert after(toy, "It says why.", "It says how.") == now  # docstring
    assert after(toy, "# why", "# how") == now  # comment


def test_a_digest_of_a_cell_is_that_of_its_code(project):
    one = digests(project, "x = 1")
    assert digests(project, "x = 1  # one") == one == digests(project, "x  =  1\n")
    assert digests(project, "x = 2") != one
    assert digests(project, "", " \n") == ["", ""]
    assert digests(project, "%matplotlib inline\nx = 1") != digests(project, "%matplotlib inline\nx = 2")
    assert digests(project, "this is no Python") != digests(project, "this is no python")


def test_what_only_draws_is_not_part_of_it(project):
    plots = project / "gan_helpers" / "plots.py"
    cell = "from gan_helpers import plots\nplots.use_course_style()"
    before = digests(project, cell)
    plots.write_text(plots.read_text().replace('"font.size": 10', '"font.size": 11'))
    assert digests(project, cell) == before
