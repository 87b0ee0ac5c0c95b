"""Recorded runs: how notebooks read them, and how the recorders share a notebook's code."""

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

from gan_helpers.notebook import recorded

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "benchmarks"))
import common  # noqa: E402

HEAD = {
    "command": "python benchmarks/x.py --seeds 3",
    "commit": "0123456789abcdef",
    "date": "2026-01-02",
    "machine": "a processor, 2 cores",
    "versions": {"torch": "2.13.0"},
}
SOURCE = """
import math
from pathlib import Path
if "google.colab" in str(Path):
    raise SystemExit
N = 3
table = {}
table["a"] = N
N += 1
box.size = 5
unwanted = 1 / 0
left, right = 1, 2
def double(x):
    return scale * x
def progress(items):
    raise AssertionError("bars")
class Net:
    pass
"""


# --- recorded ---


def test_a_record_comes_back_with_its_making_in_two_lines(tmp_path, capsys):
    extra = {"images": "mnist", "cpu_seconds": 119.0, "values": [1, 2.5]}
    (tmp_path / "x.json").write_text(json.dumps(HEAD | extra))
    assert recorded("x", tmp_path) == HEAD | extra
    assert capsys.readouterr().out == (
        "x: python benchmarks/x.py --seeds 3, commit 0123456, 2026-01-02\n"
        "   a processor, 2 cores, torch 2.13.0, images: mnist, 2 CPU-minutes\n"
    )


def test_without_the_repository_a_notebook_goes_on(tmp_path, capsys):
    assert recorded("x", tmp_path) is None
    assert "x comes with the repository" in capsys.readouterr().out


@pytest.mark.parametrize("gone", sorted(HEAD))
def test_a_file_without_its_making_is_refused(tmp_path, gone):
    (tmp_path / "x.json").write_text(json.dumps({k: v for k, v in HEAD.items() if k != gone}))
    with pytest.raises(ValueError, match=f"is not a record: it lacks {gone}"):
        recorded("x", tmp_path)


NAMES = sorted({name for path in (ROOT / "notebooks" / "source").glob("*.py")
                for name in re.findall(r'\brecorded\("(\w+)"', path.read_text())})  # fmt: skip
MACHINE_NOT_AT_HAND = {"gpu_ladder"}  # recorded once a GPU is lent: notebook 20 says so in its place


def test_every_record_that_a_notebook_names_is_in_the_repository(capsys):
    assert len(NAMES) >= 5
    for name in set(NAMES) - MACHINE_NOT_AT_HAND:
        record = recorded(name, ROOT / "benchmarks" / "results")
        assert record is not None, name
        assert re.fullmatch(r"[0-9a-f]{40}", record["commit"]), name
        assert re.fullmatch(r"2\d{3}-\d\d-\d\d", record["date"]), name


# --- what the recorders share ---


@pytest.fixture
def source(tmp_path):
    path = tmp_path / "notebook.py"
    path.write_text(SOURCE)
    return path


class Box:
    size = 0


def test_lift_takes_functions_and_the_named_assignments_alone(source):
    box = Box()
    space = common.lift(source, ["N", "table", "box", "left"], box=None, scale=10, progress=list)
    assert space["N"] == 4 and space["table"] == {"a": 3} and (space["left"], space["right"]) == (1, 2)
    assert space["double"](7) == 70 and space["progress"] is list and space["Net"].__name__ == "Net"
    assert "unwanted" not in space and space["math"].pi > 3
    assert box.size == 0  # what is given is not changed


def test_lift_says_what_the_notebook_no_longer_defines(source):
    with pytest.raises(LookupError, match=r"notebook.py no longer defines \['rounds'\]"):
        common.lift(source, ["N", "rounds"])


def test_a_record_tells_its_code_and_no_host_or_user(tmp_path, monkeypatch):
    def git(*command: str) -> str:  # a history of our own: a shallow clone has none
        who = ["-c", "user.name=a", "-c", "user.email=a@b.c", "-c", "commit.gpgsign=false"]
        out = subprocess.run(
            ["git", *who, *command], cwd=tmp_path, capture_output=True, text=True, check=True
        )
        return out.stdout.strip()

    git("init", "--quiet")
    commits = []
    for name in ("notebook.py", "other.py"):
        (tmp_path / name).write_text("a = 1\n")
        git("add", name)
        git("commit", "--quiet", "-m", name)
        commits.append(git("rev-parse", "HEAD"))
    monkeypatch.setattr(common, "ROOT", tmp_path)
    assert [common.commit_of([name]) for name in ("notebook.py", "other.py")] == commits
    assert common.commit_of(["notebook.py", tmp_path / "other.py"]) == commits[1]
    head = common.provenance("what", "command", ["notebook.py"])
    assert set(HEAD) <= set(head) and head["commit"] == commits[0]
    text = json.dumps(head)
    assert str(Path.home()) not in text and str(ROOT) not in text and str(tmp_path) not in text


def test_a_record_of_other_code_is_not_continued(tmp_path):
    for same in ({}, {"commit": HEAD["commit"], "rows": 1}):
        common.same_code(same, HEAD, tmp_path)
    with pytest.raises(SystemExit, match="was begun at commit fffffff: move it away"):
        common.same_code({"commit": "f" * 40}, HEAD, tmp_path)


def test_steps_of_another_run_are_refused(tmp_path):
    import metric_power

    made_by = {"commit": "f" * 40, "images": "mnist", "trials": 20}
    kept = metric_power.step(tmp_path, "a", made_by, lambda: {"x": 1})
    again = metric_power.step(tmp_path, "a", dict(made_by), lambda: {"x": 2})  # goes on: nothing made anew
    assert kept["value"] == again["value"] == {"x": 1}
    for key, other in (("commit", "0" * 40), ("images", "rendered"), ("trials", 2)):
        with pytest.raises(SystemExit, match="move the folder away"):
            metric_power.step(tmp_path, "a", made_by | {key: other}, lambda: {"x": 2})


def test_an_interrupted_write_leaves_the_record_before(tmp_path):
    path = tmp_path / "results" / "x.json"
    common.write(path, {"a": 1})
    with pytest.raises(TypeError):
        common.write(path, {"a": object()})
    assert json.loads(path.read_text()) == {"a": 1}
    common.write(path, {"a": 2}, lambda record: json.dumps(record, indent=3))
    assert path.read_text() == '{\n   "a": 2\n}\n'
