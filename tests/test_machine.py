"""The self-test on machines where something is missing: the right mark, and a remedy that can be followed."""

import contextlib
import io
from pathlib import Path
from types import SimpleNamespace

import pytest
import torch

from gan_helpers import machine, notebook
from gan_helpers.machine import NOTE, OK, PROBLEM


@pytest.fixture(autouse=True)
def empty_machine(tmp_path, monkeypatch):
    monkeypatch.setenv("GAN_CACHE_DIR", str(tmp_path / "cache"))
    monkeypatch.delenv("GAN_DATA_DIR", raising=False)
    monkeypatch.delenv("GAN_OFFLINE", raising=False)


@pytest.mark.parametrize(
    ("finding", "mark", "remedy"),
    [
        (machine.check_python((3, 11, 0)), OK, ""),
        (machine.check_python((3, 10, 9)), PROBLEM, "Python 3.11"),
        (machine.check_python((4, 0, 0)), OK, ""),
        (machine.check_torch("2.13.0+cpu"), OK, ""),
        (machine.check_torch("1.13.1"), PROBLEM, "make lab"),
        (machine.check_torch("2.3.1"), PROBLEM, "Disconnect and delete runtime"),
        (machine.check_torch("3.0.0"), OK, ""),
        (machine.check_memory(2.1), OK, ""),
        (machine.check_memory(1.9), PROBLEM, "Shut Down All Kernels"),
        (machine.check_device(False), NOTE, "none is needed"),
        (machine.check_device(True), OK, ""),
    ],
)
def test_findings(finding, mark, remedy):
    assert finding.mark == mark
    assert remedy in finding.remedy and bool(remedy) == bool(finding.remedy)


def test_a_torch_that_computes_wrong_is_a_problem(monkeypatch):
    monkeypatch.setattr(torch.nn.functional, "softplus", lambda t: t)
    finding = machine.check_torch()
    assert finding.mark == PROBLEM and "delete .venv" in finding.remedy


def test_a_folder_that_cannot_be_written(tmp_path):
    (tmp_path / "file").write_text("")
    finding = machine.check_folder(tmp_path / "file" / "sub", "data cache", "set GAN_CACHE_DIR")
    assert finding.mark == PROBLEM and "cannot be written" in finding.found
    assert finding.remedy == "set GAN_CACHE_DIR"


def test_a_folder_that_can_be_written_is_left_empty(tmp_path):
    assert machine.check_folder(tmp_path / "new", "data cache", "x").mark == OK
    assert list((tmp_path / "new").iterdir()) == []


@pytest.mark.parametrize("form", ["new", "old"])
def test_a_containers_limit_counts(tmp_path, monkeypatch, form):
    plenty = SimpleNamespace(available=8 * 2**30)
    monkeypatch.setattr(machine.psutil, "virtual_memory", lambda: plenty)
    assert machine.free_memory(tmp_path) == 8 * 2**30  # no container
    names = ("memory.max", "memory.current", "") if form == "new" else (
        "memory.limit_in_bytes", "memory.usage_in_bytes", "memory")  # fmt: skip
    folder = tmp_path / names[2]
    folder.mkdir(exist_ok=True)
    (folder / names[1]).write_text(f"{2 * 2**30}\n")
    (folder / "memory.stat").write_text(f"anon 5\ninactive_file {2**29}\nactive_file 7\n")
    for limit, free in (("max", 8.0), (str(3 * 2**30), 1.5), (str(2**60), 8.0)):
        (folder / names[0]).write_text(limit + "\n")
        assert machine.free_memory(tmp_path) == free * 2**30
    (folder / names[0]).write_text(str(3 * 2**30))
    real = machine.free_memory
    monkeypatch.setattr(machine, "free_memory", lambda: real(tmp_path))
    finding = machine.check_memory()
    assert (finding.mark, finding.found) == (PROBLEM, "1.5 GiB free")


def test_threads_are_measured_and_restored(monkeypatch):
    before, state = torch.get_num_threads(), torch.get_rng_state()
    assert machine.check_threads(1).mark == NOTE
    assert machine.tiny_step_seconds(2, seconds=0.01) > 0
    assert torch.get_num_threads() == before
    assert torch.equal(torch.get_rng_state(), state), "measuring must not change the caller's random numbers"
    monkeypatch.setattr(machine, "tiny_step_seconds", lambda threads: {1: 2.0, 4: 5.0}[threads])
    assert "2.5x as long on 4 threads" in machine.check_threads(4).found


class Clock:
    """A clock that goes on by `step` seconds whenever it is read."""

    def __init__(self, step):
        self.now, self.step = 0.0, step

    def perf_counter(self):
        self.now += self.step
        return self.now


@pytest.mark.parametrize(("step", "reads"), [(0.0001, 506), (0.3, 13), (9.0, 11)])
def test_a_busy_machine_is_not_measured_for_long(monkeypatch, step, reads):
    """Five times 100 steps, but no group starts another step once the second is over."""
    clock = Clock(step)
    monkeypatch.setattr(machine, "time", clock)
    assert machine.tiny_step_seconds(1, seconds=1.0) == pytest.approx(step)
    assert clock.now / step == pytest.approx(reads)  # one at the start, one per group, one per step


def test_each_line_is_shown_before_the_next_check_starts(monkeypatch):
    seen, shown = [], io.BytesIO()  # what has been flushed

    def look(name):
        seen.append(shown.getvalue().decode())
        return machine.Finding(OK, name, "fine")

    names = [name for name in vars(machine) if name.startswith("check_") and name != "check_folder"]
    for name in names:
        monkeypatch.setattr(machine, name, lambda name=name: look(name))
    monkeypatch.setattr(machine, "check_folder", lambda *_: look("this folder"))
    with contextlib.redirect_stdout(io.TextIOWrapper(shown, "utf-8")):
        machine.self_test()
    assert len(seen) == len(names) + 1 == 8
    assert [text.count("\n") for text in seen] == list(range(8))


def test_report_names_each_remedy_and_counts_problems(monkeypatch, capsys, tmp_path):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("GAN_OFFLINE", "1")
    monkeypatch.setattr(machine, "tiny_step_seconds", lambda threads: 1.0)
    plenty = SimpleNamespace(available=8 * 2**30, total=16 * 2**30)  # other tests run beside this one
    monkeypatch.setattr(machine.psutil, "virtual_memory", lambda: plenty)
    machine.self_test()
    healthy = capsys.readouterr().out
    assert healthy.endswith("This machine is ready.\n")
    assert str(Path.home()) not in healthy and str(tmp_path) not in healthy
    (tmp_path / "blocked").write_text("")
    monkeypatch.setenv("GAN_CACHE_DIR", str(tmp_path / "blocked"))
    machine.self_test()
    broken = capsys.readouterr().out
    assert broken.endswith("1 problem(s): see 'what to do' above.\n")
    assert "what to do: set GAN_CACHE_DIR" in broken


def test_progress_yields_everything_and_leaves_nothing(capsys, monkeypatch):
    monkeypatch.setattr(
        notebook, "tqdm", lambda *a, **kw: real_tqdm(*a, **{**kw, "delay": 0, "mininterval": 0})
    )
    assert list(notebook.progress(range(5), "counting")) == [0, 1, 2, 3, 4]
    out = capsys.readouterr().out
    assert "counting" in out and out.rsplit("\r", 2)[-2].strip() == "" and out.endswith("\r")


real_tqdm = notebook.tqdm
