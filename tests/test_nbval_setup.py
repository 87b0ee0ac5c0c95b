"""The notebook runs of `make test`: a hang names its cell, a loaded machine is no failure, and stored
output is compared where a cell is tagged for it."""

import os
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_notebook, new_output

ROOT = Path(__file__).parent.parent

# Put the kernel's output thread to sleep, right after the cell's reply, for longer than the five seconds
# that nbval waits for the rest: what a loaded machine does now and then, made certain.
SLEEPY = """
import time
kernel = get_ipython().kernel
send = kernel.session.send
def sleepy_send(stream, kind, *args, **kwargs):
    if kind == "execute_reply":
        kernel.session.send = send
        kernel.iopub_thread.schedule(lambda: time.sleep(15))
    return send(stream, kind, *args, **kwargs)
kernel.session.send = sleepy_send
"""


def run_nbval(folder: Path, cells: list, *options: str, conftest: bool = True, target: str = "case.ipynb"):
    """Run nbval as the Makefile does over one notebook made of these cells."""
    if conftest:
        (folder / "conftest.py").write_text((ROOT / "conftest.py").read_text())
    nbformat.write(new_notebook(cells=cells), folder / "case.ipynb")
    (folder / "pytest.ini").write_text("[pytest]\n")
    command = [
        sys.executable,
        "-m",
        "pytest",
        target,
        "--nbval-lax",
        "--nbval-current-env",
        "--nbval-kernel-startup-timeout=180",
        "--color=no",
    ]
    environment = {k: v for k, v in os.environ.items() if not k.startswith(("PYTEST", "COV_"))}
    return subprocess.run(
        [*command, "-p", "no:cacheprovider", *options],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        timeout=600,
    )


def code(source: str, tags=(), text: str | None = None):
    outputs = [] if text is None else [new_output("stream", name="stdout", text=text)]
    return new_code_cell(source, metadata={"tags": list(tags)}, execution_count=1, outputs=outputs)


def test_late_outputs_fail_plain_nbval_and_pass_with_our_conftest(tmp_path):
    plain, ours = tmp_path / "plain", tmp_path / "ours"
    plain.mkdir()
    ours.mkdir()
    cells = [code("print(1)"), code(SLEEPY), code("print(2)")]
    failed = run_nbval(plain, cells, conftest=False)
    assert failed.returncode == 1 and "waiting for output" in failed.stdout, failed.stdout
    passed = run_nbval(ours, cells)
    assert passed.returncode == 0 and "3 passed" in passed.stdout, passed.stdout


def test_an_error_whose_outputs_come_late_is_still_reported_as_the_error(tmp_path):
    result = run_nbval(tmp_path, [code(SLEEPY + "1 / 0")])
    assert result.returncode == 1 and "ZeroDivisionError" in result.stdout, result.stdout


def test_a_hang_names_its_cell(tmp_path):
    cells = [code("x = 1"), code("import time\ntime.sleep(1000)  # the culprit"), code("x")]
    result = run_nbval(tmp_path, cells, "--nbval-cell-timeout", "15")
    assert result.returncode == 1
    assert "Timeout of 15 seconds exceeded executing cell" in result.stdout, result.stdout
    assert "case.ipynb::Cell 1" in result.stdout and "# the culprit" in result.stdout
    assert "1 failed, 1 passed" in result.stdout


@pytest.mark.parametrize(("tags", "passed"), [((), True), (("nbval-check-output",), False)])
def test_stored_output_counts_where_the_cell_is_tagged(tmp_path, tags, passed):
    result = run_nbval(tmp_path, [code("print(2)", tags, text="3\n")])
    assert (result.returncode == 0) is passed, result.stdout
    if not passed:
        assert "Cell outputs differ" in result.stdout


def test_a_folder_s_deeper_notebooks_are_run_too_where_they_lie(tmp_path):
    (tmp_path / "deeper").mkdir()
    where = code("import os\nprint(os.path.basename(os.getcwd()))", ["nbval-check-output"], text="deeper\n")
    nbformat.write(new_notebook(cells=[where, code("1 / 0")]), tmp_path / "deeper" / "more.ipynb")
    result = run_nbval(tmp_path, [code("pass")], "--rootdir", ".", target=".")
    assert "2 passed" in result.stdout and "deeper/more.ipynb::Cell 1" in result.stdout, result.stdout
    assert "1 failed" in result.stdout and "ZeroDivisionError" in result.stdout


def test_the_slowest_notebooks_are_listed(tmp_path):
    result = run_nbval(tmp_path, [code("import time\ntime.sleep(1)"), code("pass")])
    line = next(line for line in result.stdout.splitlines() if line.endswith("s  case.ipynb"))
    assert float(line.split()[0]) >= 1.0, line
