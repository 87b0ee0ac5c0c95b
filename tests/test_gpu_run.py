"""`make gpu`, played on a machine without a GPU: jobs that fail or hang, missing packages, no .git."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT / "tools"))
sys.path.insert(0, str(ROOT / "benchmarks"))
import gpu  # noqa: E402
import recorder  # noqa: E402

ABSENT = ("pooch", "platformdirs", "IPython", "jupyterquiz", "jupytext")  # on the machine that is lent
BLOCK = f"""
import sys
from importlib.machinery import PathFinder
class Absent:
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] in {ABSENT} and path is None:
            places = [p for p in sys.path if "site-packages" not in p]
            found = PathFinder.find_spec(name, places)
            if found is None:
                raise ModuleNotFoundError(f"No module named {{name!r}}", name=name)
            return found
sys.meta_path.insert(0, Absent())
"""


def stub(name, text, limit=60.0):
    return gpu.Job(name, ("-c", text), limit)


def alive(pid):
    """Is this process still there, and no zombie?"""
    state = subprocess.run(["ps", "-o", "stat=", "-p", str(pid)], capture_output=True, text=True).stdout
    return bool(state.strip()) and not state.strip().startswith("Z")


def test_a_failing_and_a_hanging_job_cost_no_other(tmp_path, capsys, monkeypatch):
    monkeypatch.setattr(gpu, "GRACE", 0.5)
    hang = (
        "import subprocess, sys, time, pathlib\n"
        "child = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(600)'])\n"
        f"pathlib.Path({str(tmp_path / 'child')!r}).write_text(str(child.pid))\n"
        "print('half of it', flush=True)\ntime.sleep(600)"
    )
    jobs = [
        stub("first", "open('{out}/one.json', 'w').write('1'); print('one is written')"),
        stub("breaks", "print('so far so good'); raise ValueError('out of memory')"),
        stub("hangs", hang, limit=4.0),
        stub("last", "open('{out}/two.json', 'w').write('2'); print('two is written')"),
    ]
    outcomes = gpu.run_all(jobs, sys.executable, tmp_path / "out", 120, os.environ)
    assert [o.what for o in outcomes] == ["done", "failed", "too slow", "done"]
    assert [o.last for o in outcomes] == [
        "one is written", "ValueError: out of memory", "half of it", "two is written",
    ]  # fmt: skip
    assert {p.name for p in (tmp_path / "out").glob("*.json")} == {"one.json", "two.json"}
    assert not alive((tmp_path / "child").read_text())  # what it started is gone, too
    told = (tmp_path / "out" / "gpu_summary.txt").read_text()
    assert told.strip() in capsys.readouterr().out and "2 of 4 jobs done" in told
    assert all(f" {job.name} " in told for job in jobs) and "out of memory" in told
    assert "so far so good" in (tmp_path / "out" / "gpu.log").read_text()


def test_without_time_the_rest_is_named_and_not_begun(tmp_path):
    jobs = [stub("long", "import time; time.sleep(600)", limit=500), stub("never", "raise SystemExit(0)")]
    outcomes = gpu.run_all(jobs, sys.executable, tmp_path, 16, os.environ)
    assert [o.what for o in outcomes] == ["too slow", "no time left"]
    assert 9 < outcomes[0].seconds < 17
    assert "no time left" in (tmp_path / "gpu_summary.txt").read_text()


def test_a_python_that_is_not_there_is_a_failed_job(tmp_path):
    [outcome] = gpu.run_all([stub("one", "")], str(tmp_path / "python"), tmp_path / "out", 60, os.environ)
    assert outcome.what == "failed" and "python" in outcome.last


def test_the_summary_is_written_while_jobs_are_still_to_come(tmp_path):
    text = gpu.summary([gpu.Outcome(gpu.JOBS[0], "done", 3.0, "complete")], gpu.JOBS)
    assert all(job.name in text for job in gpu.JOBS) and text.count("still to come") == len(gpu.JOBS) - 1


@pytest.mark.parametrize(
    ("found", "said"),
    [
        (
            {"python": [3, 10], "missing": [], "gpu": "H200", "torch": "2"},
            "Python 3.11 or newer; this is 3.10",
        ),
        ({"python": [3, 12], "missing": ["scipy", "pooch"], "gpu": "H200", "torch": "2"}, "packages scipy:"),
        ({"python": [3, 12], "missing": ["torch"], "gpu": None, "torch": None}, "packages torch:"),
        (
            {"python": [3, 12], "missing": [], "gpu": None, "torch": "2.13+cpu"},
            "a GPU that PyTorch 2.13+cpu sees",
        ),
        ({"python": [3, 12], "missing": ["pooch", "IPython"], "gpu": "H200", "torch": "2"}, ""),
    ],
)
def test_what_is_missing_is_said(found, said):
    assert (said in gpu.lacks(found)) if said else gpu.lacks(found) == ""


def test_here_it_runs_nothing_and_says_why(tmp_path, capsys, monkeypatch):
    monkeypatch.setattr(gpu, "look", lambda python: {"python": [3, 12], "missing": ["torch"], "gpu": None})
    assert gpu.main(["--out", str(tmp_path / "out")]) == 2
    assert "Missing: the packages torch" in capsys.readouterr().out and not (tmp_path / "out").exists()
    monkeypatch.undo()
    assert gpu.main(["--python", str(tmp_path / "none")]) == 2
    assert "does not run" in capsys.readouterr().out


def test_on_a_machine_without_git_it_asks_for_the_commit_and_runs(tmp_path, capsys, monkeypatch):
    found = {"python": [3, 12], "missing": [], "gpu": "NVIDIA H200", "torch": "2.11"}
    monkeypatch.setattr(gpu, "look", lambda python: found)
    monkeypatch.setattr(gpu, "commit", lambda: "")
    monkeypatch.setattr(gpu, "JOBS", [stub("one", "import os; print(os.environ.get('GAN_COMMIT'))")])
    assert gpu.main(["--out", str(tmp_path)]) == 0
    told = capsys.readouterr().out
    assert "NVIDIA H200" in told and "give COMMIT=" in told and "✓ one" in told and "None" in told
    assert gpu.main(["--out", str(tmp_path), "--commit", "c" * 40]) == 0
    told = capsys.readouterr().out
    assert "give COMMIT=" not in told and "c" * 40 in told


@pytest.fixture
def bare(tmp_path):
    """The environment of a Python that lacks what the lent machine lacks."""
    (tmp_path / "block").mkdir()
    (tmp_path / "block" / "sitecustomize.py").write_text(BLOCK)
    return os.environ | {"PYTHONPATH": str(tmp_path / "block")}


def test_without_pooch_ipython_and_jupytext_the_recorders_and_the_notebooks_setup_run(
    tmp_path, bare, monkeypatch
):
    found = gpu.look(sys.executable, bare)
    assert set(found["missing"]) == set(ABSENT) - {"jupytext"} and not set(found["missing"]) & set(gpu.NEEDED)
    monkeypatch.setattr(gpu, "ROOT", tmp_path)
    env = gpu.environment(found, "0" * 40, bare)
    blocked, ours = bare["PYTHONPATH"], f"{ROOT}{os.pathsep}{ROOT / 'benchmarks'}"
    env["PYTHONPATH"] = os.pathsep.join([blocked, ours, str(tmp_path / "build" / "stand_ins")])
    program = (
        "import nb20_ladder, nb20_speedrun, recorder\n"
        "for name in ('20_gpu_training', 'deeper/20_gpu_training'):\n"
        "    space = {'__name__': name}\n"
        "    exec(recorder.cells(name)[0], space)\n"
        "    space['predict']('Which?', [('a', True, ''), ('b', False, ''), ('c', False, '')])\n"
        "    fig, ax = space['plots'].plt.subplots()\n"
        "    space['plots'].show(fig, alt='Nothing is to be seen here.')\n"
        "    space['table']('numbers', {'one': 1.0})\n"
        "print(space['data'].load_images('rendered').images.shape[1:])"
    )
    done = subprocess.run([sys.executable, "-c", program], env=env, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert "torch.Size([1, 28, 28])" in done.stdout


def test_without_git_the_commit_is_the_one_that_was_given(tmp_path, monkeypatch):
    monkeypatch.delenv("GAN_COMMIT", raising=False)
    assert recorder.commit(tmp_path) == {"commit": "unknown"} and gpu.commit(tmp_path) == ""
    monkeypatch.setenv("GAN_COMMIT", "a" * 40)
    assert recorder.commit(tmp_path) == {"commit": "a" * 40}
    assert gpu.environment({"missing": []}, "b" * 40)["GAN_COMMIT"] == "b" * 40


def test_a_percent_file_is_read_as_jupytext_reads_it():
    jupytext = pytest.importorskip("jupytext")
    for path in sorted((ROOT / "notebooks" / "source").rglob("*.py")):
        name = path.relative_to(ROOT / "notebooks" / "source").with_suffix("").as_posix()
        book = jupytext.read(path)
        wanted = [(c.source, set(c.metadata.get("tags", []))) for c in book.cells if c.cell_type == "code"]
        assert recorder.code_cells(path) == wanted, name


def test_every_job_is_a_program_of_the_course():
    assert sum(job.limit for job in gpu.JOBS[:3]) <= 8 * 60  # the best three always get their time
    for job in gpu.JOBS:
        assert (ROOT / job.words[0]).is_file()
    records = [word for job in gpu.JOBS for word in job.words if word.startswith("{out}")]
    assert {Path(word).stem for word in records} == {"nb20_gpu_ladder", "nb20_speedrun_cuda"}


def test_a_table_that_fails_costs_no_other(monkeypatch):
    import nb20_ladder

    def broken(*_):
        raise RuntimeError("CUDA error: an illegal memory access")

    made = {"rows": lambda *_: [1], "compile": broken, "many": lambda *_: {"loop": 1.0}}
    monkeypatch.setattr(nb20_ladder, "MAKE", made)
    monkeypatch.setattr(nb20_ladder, "machine", lambda device: {"load": "none"})
    options = type("Options", (), {"only": list(made), "turns": 1})
    parts = type("Parts", (), {"fit": type("Fit", (), {"name": "none"})})
    notebook = type("Notebook", (), {"parts": parts, "device": "cuda"})
    record = {}
    assert len(list(nb20_ladder.jobs(record, options, notebook))) == 3
    assert record["rows"] == [1] and record["many"] == {"loop": 1.0} and "compile" not in record
    assert "illegal memory access" in record["failed"]["compile"]
    made["compile"] = lambda *_: [2]  # the same command goes on, and makes what is missing
    list(nb20_ladder.jobs(record, options, notebook))
    assert record["compile"] == [2] and record["failed"] == {} and json.dumps(record)
