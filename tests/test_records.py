"""Recorded runs: how notebooks read them, how the recorders make them, and how each fault shows."""

import importlib.util
import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from gan_helpers import records, stamp
from gan_helpers.notebook import recorded

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "benchmarks"))
import recorder  # noqa: E402

HEAD = {
    "what": "x",
    "command": "python benchmarks/x.py --seeds 3",
    "commit": "0123456789abcdef",
    "date": "2026-01-02",
    "machine": "a processor, 2 cores",
    "versions": {"torch": "2.13.0"},
    "seeds": 3,
    "stamp": None,
}


# --- recorded ---


def test_a_record_comes_back_with_its_making_in_two_lines(tmp_path, capsys):
    extra = {"images": "mnist", "cpu_seconds": 119.0, "values": [1, 2.5], "uncommitted": True}
    records.write(tmp_path / "x.json", HEAD | extra)
    record = recorded("x", tmp_path)
    assert {k: v for k, v in record.items() if k != "content"} == HEAD | extra
    assert capsys.readouterr().out == (
        "x: python benchmarks/x.py --seeds 3, commit 0123456 and changes, 2026-01-02\n"
        "   a processor, 2 cores, torch 2.13.0, images: mnist, 2 CPU-minutes\n"
    )


def test_what_is_not_recorded_is_none(tmp_path, capsys):
    assert recorded("x", tmp_path) is None
    assert "x is not recorded" in capsys.readouterr().out


@pytest.mark.parametrize("gone", records.HEAD[:-1])
def test_a_file_without_its_making_is_refused(tmp_path, gone):
    records.write(tmp_path / "x.json", {k: v for k, v in HEAD.items() if k != gone})
    with pytest.raises(ValueError, match=f"is not a record: it lacks {gone}"):
        recorded("x", tmp_path)


def test_a_record_is_read_from_any_folder_and_in_any_locale(tmp_path):
    program = "from gan_helpers.notebook import recorded as r; print(r('nb08_moonshot_grid')['runs'].keys())"
    environment = {"PYTHONPATH": str(ROOT), "PATH": "/usr/bin:/bin", "LC_ALL": "C", "PYTHONUTF8": "0"}
    options = {
        "cwd": tmp_path,
        "env": environment | {"PYTHONCOERCECLOCALE": "0", "PYTHONIOENCODING": "utf-8"},
    }
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, check=True, **options)
    assert "without falling γ" in done.stdout.decode()


# --- the records of the course ---

NAMES = sorted({name for path in (ROOT / "notebooks" / "source").rglob("*.py")
                for name in re.findall(r'\brecorded\("(\w+)"', path.read_text())})  # fmt: skip
MACHINE_NOT_AT_HAND = {"nb20_gpu_ladder"}  # recorded once a GPU is lent: notebook 20 says so in its place


def test_every_record_that_a_notebook_names_is_in_the_package():
    assert len(NAMES) >= 5
    assert set(NAMES) - MACHINE_NOT_AT_HAND <= set(recorder.names())


@pytest.mark.parametrize("name", recorder.names())
def test_a_record_is_whole_and_as_old_as_its_code(name):
    faults, _ = recorder.standing(name)
    assert not faults, "\n".join(faults)
    record = records.read(name)
    assert re.fullmatch(r"[0-9a-f]{40}", record["commit"]) and re.fullmatch(
        r"2\d{3}-\d\d-\d\d", record["date"]
    )
    assert (ROOT / "benchmarks" / f"{recorder.script(record)}.py").exists()
    assert isinstance(record["seeds"], int) and record["seeds"] >= 1


# --- a recorder, and every fault once ---

NOTEBOOK = '''# %% [markdown]
# # A notebook

# %% tags=["setup"]
from gan_helpers.tools import double
device = "cuda"

# %% tags=["record"]
"""Docs."""
scale = 10
def grow(x):
    return scale * double(x)
print("loud")

# %% tags=["record-other"]
scale = 1000

# %%
raise AssertionError("a live run")
'''
RECORDER = """
import recorder
from gan_helpers import tools

CELLS = ("01_toy", "record")


def jobs(record, options, notebook):
    values = record.setdefault("values", {})
    for seed in range(options.seeds):
        if str(seed) not in values:
            values[str(seed)] = notebook.grow(seed) + tools.shift(options.rounds)
            yield f"seed {seed} on {notebook.device}"
"""
TOOLS = (
    "def double(x):\n    return 2 * x\n\n\ndef shift(x):\n    return x\n\n\ndef unused(x):\n    return x\n"
)


@pytest.fixture
def project(tmp_path, monkeypatch):
    """A course of one notebook and one recorder: `.make(words)` records, `.edit(file, old, new)` changes."""
    files = {"gan_helpers/tools.py": TOOLS, "gan_helpers/__init__.py": "", "benchmarks/nb01_toy.py": RECORDER,
             "notebooks/source/01_toy.py": NOTEBOOK}  # fmt: skip
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    return Project(tmp_path, monkeypatch)


class Project:
    def __init__(self, root, monkeypatch):
        self.root, self.folder, self.monkeypatch = root, root / "records", monkeypatch
        self.path = self.folder / "nb01_toy.json"

    def edit(self, name, old, new):
        path = self.root / name
        assert old in path.read_text()
        path.write_text(path.read_text().replace(old, new))
        stamp._read.cache_clear()

    def make(self, *words):
        def module(name, path):
            spec = importlib.util.spec_from_file_location(name, self.root / path)
            made = importlib.util.module_from_spec(spec)
            self.monkeypatch.setitem(sys.modules, name, made)
            return made, spec.loader

        tools, loader = module("gan_helpers.tools", "gan_helpers/tools.py")
        loader.exec_module(tools)
        self.monkeypatch.setattr(sys.modules["gan_helpers"], "tools", tools, raising=False)
        toy, loader = module("nb01_toy", "benchmarks/nb01_toy.py")
        loader.exec_module(toy)
        words = [*words, "--out", str(self.path)]
        recorder.run(
            toy.__file__, "toys", toy.jobs, toy.CELLS, words=words, root=self.root, seeds=2, rounds=5
        )
        return records.read("nb01_toy", self.folder)

    def standing(self):
        return recorder.standing("nb01_toy", self.folder, self.root)


def test_a_recorder_takes_the_tagged_cells_in_silence(project, capsys):
    record = project.make("--rounds", "7")
    assert record["values"] == {"0": 7, "1": 27} and (record["seeds"], record["rounds"]) == (2, 7)
    assert record["command"] == "python benchmarks/nb01_toy.py --seeds 2 --rounds 7"
    out = capsys.readouterr().out
    assert "seed 0 on cpu" in out and out.endswith("complete\n") and "loud" not in out
    assert project.standing() == ([], [])
    code = (project.folder / "nb01_toy.py.txt").read_text()
    assert "scale = 10" in code and "return 2 * x" in code and "unused" not in code and "1000" not in code
    with pytest.raises(LookupError, match="no cell of 01_toy is tagged nothing"):
        recorder.take("01_toy", "nothing", root=project.root)
    other = recorder.take("01_toy", "record", "record-other", root=project.root, scale=3)
    assert other.grow(1) == 6  # what is given stays


def test_a_stopped_recorder_goes_on(project, capsys):
    first = project.make("--minutes", "-1")
    assert list(first["values"]) == ["0"] and "stopped: the same command goes on" in capsys.readouterr().out
    assert project.make("--minutes", "9")["values"] == {"0": 5, "1": 25}
    assert "seed 0" not in capsys.readouterr().out
    assert list(project.make("--seeds", "3")["values"]) == ["0", "1", "2"]
    with pytest.raises(SystemExit, match="holds 3 seeds"):
        project.make()


def test_other_settings_are_refused(project):
    project.make()
    with pytest.raises(SystemExit, match=r"another rounds \(5, now 6\): move it away, or give another --out"):
        project.make("--rounds", "6")


EDITS = {  # of what is called: red
    "a cell": ("notebooks/source/01_toy.py", "scale = 10\n", "scale = 11\n"),
    "the recorder": ("benchmarks/nb01_toy.py", "notebook.grow(seed) +", "notebook.grow(seed) -"),
    "a helper of a cell": ("gan_helpers/tools.py", "return 2 * x", "return 3 * x"),
    "a helper of the recorder": ("gan_helpers/tools.py", "shift(x):\n    return", "shift(x):\n    return -"),
}  # fmt: skip
OTHERS = {  # of what is not: as before
    "docstring": ("notebooks/source/01_toy.py", "Docs.", "Other docs."),
    "an untagged cell": ("notebooks/source/01_toy.py", "a live run", "another"),
    "a cell of another recorder": ("notebooks/source/01_toy.py", "scale = 1000", "scale = 1001"),
    "a comment": ("gan_helpers/tools.py", "return 2 * x", "return 2 * x  # twice"),
    "an uncalled helper": ("gan_helpers/tools.py", "unused(x):\n    return x", "unused(x):\n    return -x"),
}


@pytest.mark.parametrize("name", EDITS | OTHERS)
def test_a_record_older_than_its_code_is_red_and_is_not_continued(project, name):
    project.make()
    project.edit(*(EDITS | OTHERS)[name])
    faults, remarks = project.standing()
    if name in OTHERS:
        assert (faults, remarks) == ([], [])
        project.make("--seeds", "3")
    else:
        assert (
            len(faults) == 1 and "older than its code: python benchmarks/nb01_toy.py --seeds 2" in faults[0]
        )
        assert len(re.findall(r"(?m)^[+-] ", faults[0])) >= 2  # what changed
        with pytest.raises(SystemExit, match="another state of the code"):
            project.make("--seeds", "3")


def test_a_change_that_moves_no_number_is_accepted_with_a_reason(project):
    with pytest.raises(SystemExit, match="no stamp"):
        recorder.accept("nb01_toy", "there is no record", project.folder, project.root)
    first = project.make()
    where = project.folder, project.root
    with pytest.raises(SystemExit, match="nothing to accept"):
        recorder.accept("nb01_toy", "nothing has changed", *where)
    project.edit("gan_helpers/tools.py", "return 2 * x", "return x + x")
    with pytest.raises(SystemExit, match="say why"):
        recorder.accept("nb01_toy", "why not", *where)
    recorder.accept("nb01_toy", "the sum is the double", *where)
    faults, remarks = project.standing()
    assert faults == [] and len(remarks) == 1 and remarks[0].endswith(": the sum is the double")
    (entry,) = records.read("nb01_toy", project.folder)["accepted"]
    assert entry["from"] == first["stamp"] != entry["to"]
    assert "return 2 * x" in (project.folder / "nb01_toy.py.txt").read_text()  # what ran
    project.edit("gan_helpers/tools.py", "return x + x", "return x + x + x")
    assert "older than its code" in project.standing()[0][0]


def test_a_record_made_before_stamping_is_listed(project):
    record = project.make()
    records.write(project.path, record | {"stamp": None, "note": "made before stamping"})
    assert project.standing() == ([], ["nb01_toy: made before stamping"])
    with pytest.raises(SystemExit, match="another state of the code"):
        project.make("--seeds", "3")
    with pytest.raises(SystemExit, match="no stamp"):
        recorder.accept("nb01_toy", "it would be nice", project.folder, project.root)


def test_a_record_edited_by_hand_is_red(project):
    project.make()
    project.path.write_text(project.path.read_text().replace('"0": 5', '"0": 6'))
    assert "edited by hand" in project.standing()[0][0]
    with pytest.raises(ValueError, match="edited by hand"):
        project.make("--seeds", "3")


def test_code_edited_by_hand_is_red(project):
    project.make()
    project.edit("records/nb01_toy.py.txt", "scale = 10", "scale = 11")
    assert project.standing()[0][0] == "nb01_toy.py.txt is not the code of the record"
    (project.folder / "nb01_toy.py.txt").unlink()
    assert project.standing()[0][0] == "nb01_toy.py.txt is not the code of the record"


def test_half_a_file_is_red(project):
    project.make()
    project.path.write_bytes(project.path.read_bytes()[:-20])
    assert "is not whole" in project.standing()[0][0]
    with pytest.raises(ValueError, match="is not whole"):
        recorded("nb01_toy", project.folder)


def test_an_interrupted_write_leaves_the_record_before(project, monkeypatch):
    def full(*_):
        raise OSError("No space left on device")

    record = project.make()
    with monkeypatch.context() as patch, pytest.raises(OSError, match="No space left"):
        patch.setattr(os, "fsync", full)
        records.write(project.path, record | {"rounds": 6})
    with pytest.raises(TypeError):
        records.write(project.path, record | {"values": object()})
    assert records.read("nb01_toy", project.folder) == record
    assert sorted(path.name for path in project.folder.iterdir()) == ["nb01_toy.json", "nb01_toy.py.txt"]


def test_what_is_written_is_read_and_each_part_has_its_line(tmp_path):
    values = {
        "name": "γ",
        "long": {f"part {k}": list(range(20)) for k in range(9)},
        "rows": [[k] * 9 for k in range(30)],
    }
    records.write(tmp_path / "x.json", HEAD | values | {"pair": (1, 2), 3: 0.1})
    record = records.read("x", tmp_path)
    assert {k: record[k] for k in values} == values and (record["pair"], record["3"]) == ([1, 2], 0.1)
    lines = (tmp_path / "x.json").read_text(encoding="utf-8").splitlines()
    assert sum(line.startswith('  "part') for line in lines) == 9 and '"γ"' in "".join(lines)


def test_a_record_tells_its_commit_and_no_host_or_user(project):
    def git(*command):
        who = ["-c", "user.name=a", "-c", "user.email=a@b.c", "-c", "commit.gpgsign=false"]
        done = subprocess.run(
            ["git", *who, *command], cwd=project.root, capture_output=True, text=True, check=True
        )
        return done.stdout.strip()

    assert project.make()["commit"] == "unknown"  # no git
    git("init", "--quiet")
    assert project.make("--seeds", "3")["commit"] == "unknown"  # no history
    git("add", ".")
    git("commit", "--quiet", "-m", "all")
    record = project.make("--seeds", "4")
    assert record["commit"] == git("rev-parse", "HEAD") and "uncommitted" not in record
    project.edit("gan_helpers/tools.py", "return 2 * x", "return 2 * x  # twice")
    record = project.make("--seeds", "5")
    assert record["uncommitted"] is True
    text = json.dumps(record)
    assert not any(
        str(word) in text for word in (Path.home(), ROOT, project.root, shutil.os.uname().nodename)
    )


def test_a_recorder_works_without_a_program_called_git(project, monkeypatch):
    (project.root / ".git").mkdir()
    monkeypatch.setenv("PATH", "")
    assert project.make()["commit"] == "unknown"
