"""The ways into the course: the lock, the conda route, JupyterLab, Colab, CI."""

import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
import tomllib
import urllib.error
import urllib.request
import venv
from pathlib import Path

import jupytext
import nbformat
import pytest
import yaml
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parent.parent
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
CLEAN = {
    k: v for k, v in os.environ.items() if not k.startswith(("MAKE", "MFLAGS", "PYTEST", "COV_", "GIT_"))
}


def locked(text: str) -> dict[str, str]:
    lines = [line for line in text.splitlines() if line and not line.startswith("#")]
    assert all(re.fullmatch(r"[\w.\-]+==[\w.\-]+", line) for line in lines), lines
    return {canonicalize_name(name): version for name, version in (line.split("==") for line in lines)}


LOCK = locked((ROOT / "requirements.lock").read_text())


def unmet(lock: dict[str, str]) -> list[str]:
    """Return the requirements of pyproject.toml that the locked versions do not satisfy."""
    wanted = [
        *PROJECT["dependencies"],
        *(r for group in PROJECT["optional-dependencies"].values() for r in group),
    ]
    requirements = [Requirement(text) for text in wanted]
    return [
        str(r) for r in requirements if not r.specifier.contains(lock.get(canonicalize_name(r.name), "0"))
    ]


def test_the_lock_satisfies_pyproject():
    assert unmet(LOCK) == []
    assert LOCK["torch"] == "2.13.0"
    # and the test can fail:
    assert unmet({**LOCK, "numpy": "1.20"}) == ["numpy>=1.26"]
    assert unmet({k: v for k, v in LOCK.items() if k != "nbval"}) == ["nbval>=0.11"]


def test_the_conda_route_installs_the_lock_and_the_package():
    environment = yaml.safe_load((ROOT / "environment.yml").read_text())
    pip = next(d["pip"] for d in environment["dependencies"] if isinstance(d, dict))
    assert pip == ["-r requirements.lock", "-e ."]
    python = next(d for d in environment["dependencies"] if isinstance(d, str) and d.startswith("python="))
    assert Requirement(f"python{PROJECT['requires-python']}").specifier.contains(python.split("=")[1])


def test_this_environment_is_the_locked_one():
    from importlib.metadata import version

    have = {name: version(name).split("+")[0] for name in LOCK}
    assert have == LOCK


def test_colab_keeps_its_own_torch_and_jupyter():
    """What the install line brings must accept what Colab has: ranges without an upper end, no Jupyter."""
    for text in PROJECT["dependencies"]:
        requirement = Requirement(text)
        assert all(s.operator == ">=" for s in requirement.specifier), text
        assert not re.search(r"jupyter(?!quiz)|notebook|ipykernel|nbval", requirement.name), text


def test_ci_runs_the_test_command_and_nothing_else():
    lines = [line for line in (ROOT / ".ci" / "run").read_text().splitlines() if line and line[0] != "#"]
    assert lines == ["set -euo pipefail", 'cd "$(dirname "$0")/.."', "make test"]
    readme = (ROOT / "README.md").read_text()
    assert "make lab" in readme and "make test" in readme


def test_old_python_is_refused_with_the_remedy(tmp_path):
    fake = tmp_path / "python3"
    fake.write_text(
        f'#!/bin/sh\nexec {sys.executable} -c \'import sys; sys.version_info = type("v", (tuple,), '
        '{"major": 3, "minor": 9})((3, 9)); exec(sys.argv[1])\' "$2"\n'
    )
    fake.chmod(0o755)
    shutil.copy(ROOT / "Makefile", tmp_path)
    for name in ("requirements.lock", "pyproject.toml"):
        shutil.copy(ROOT / name, tmp_path)
    result = subprocess.run(
        ["make", "lab", f"PYTHON={fake}"], cwd=tmp_path, env=CLEAN, capture_output=True, text=True
    )
    assert result.returncode != 0
    assert "Python 3.11 or newer is needed, this is 3.9" in result.stderr, result
    assert not (tmp_path / ".venv").exists()


# --- JupyterLab: `make lab`, and saving keeps notebook and text in step ---


HERE = urllib.request.build_opener(urllib.request.ProxyHandler({}))  # no proxy for this machine itself


def free_port() -> int:
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


@pytest.fixture
def lab(tmp_path):
    """Serve a copy of the course by `make lab` and return (folder, url, what was printed)."""
    copy = tmp_path / "my GAN course 中文"  # a path with spaces and other letters
    skip = shutil.ignore_patterns(
        ".git", ".venv", "__pycache__", ".*cache*", ".hypothesis", "images", ".coverage*", ".tmp*"
    )
    shutil.copytree(ROOT, copy, skip)
    (copy / "ready").write_text("")
    port = free_port()
    arguments = f"--no-browser --port {port} --ServerApp.port_retries=0 --IdentityProvider.token=secret"
    command = ["make", "lab", f"BIN={Path(sys.executable).parent}", "READY=ready", f"ARGS={arguments}"]
    log = tmp_path / "log"
    environment = {**CLEAN, "HOME": str(tmp_path), "JUPYTER_CONFIG_DIR": str(tmp_path / "config")}
    with log.open("w") as out:
        process = subprocess.Popen(
            command, cwd=copy, env=environment, stdout=out, stderr=out, start_new_session=True
        )
        url = f"http://127.0.0.1:{port}"
        try:
            for _ in range(600):
                assert process.poll() is None, log.read_text()
                try:
                    HERE.open(f"{url}/api?token=secret", timeout=5)
                    break
                except (urllib.error.URLError, OSError):
                    time.sleep(0.2)
            else:
                pytest.fail(f"no answer from {url}: {log.read_text()}")
            yield copy, url, log
        finally:
            os.killpg(process.pid, signal.SIGTERM)
            try:
                process.wait(60)
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)


def request(url: str, body: dict | None = None) -> dict:
    data = None if body is None else json.dumps(body).encode()
    headers = {"Authorization": "token secret", "Content-Type": "application/json"}
    method = "GET" if body is None else "PUT"
    reply = HERE.open(urllib.request.Request(url, data, headers, method=method), timeout=60)
    return json.load(reply)


def test_make_lab_serves_the_first_notebook_and_saving_writes_both_files(lab):
    folder, url, log = lab
    printed = log.read_text()
    assert re.search(r"http://\S+/lab/tree/notebooks/00_start_here\.ipynb\?token=", printed), printed
    model = request(f"{url}/api/contents/notebooks/00_start_here.ipynb?content=1&type=notebook")
    model["content"]["cells"][1]["source"] += "\nA sentence typed in JupyterLab."
    body = {"type": "notebook", "format": "json", "content": model["content"]}
    request(f"{url}/api/contents/notebooks/00_start_here.ipynb", body)
    source = folder / "notebooks" / "source" / "00_start_here.py"
    path = folder / "notebooks" / "00_start_here.ipynb"
    assert "# A sentence typed in JupyterLab." in source.read_text()
    assert "A sentence typed in JupyterLab." in path.read_text()
    sys.path.insert(0, str(ROOT / "tools"))
    import notebooks as tool

    nb = nbformat.read(path, as_version=4)
    assert tool.disagreements(jupytext.read(source), nb) == []
    assert any(cell.get("outputs") for cell in nb.cells), "saving must keep the outputs"
    # Nothing but the sentence changed in the text: no metadata, no reformatting.
    before = (ROOT / "notebooks" / "source" / "00_start_here.py").read_text().splitlines()
    after = source.read_text().splitlines()
    assert [line for line in after if line not in before] == ["# A sentence typed in JupyterLab."]
    assert len(after) == len(before) + 1


# --- Colab: a bare environment that has only what the install line brings ---

RUN = """
import nbformat, sys
from nbclient import NotebookClient
nb = nbformat.read(sys.argv[1], as_version=4)
NotebookClient(nb, timeout=600, kernel_name="python3").execute()
print(len(nb.cells), "cells")
"""


def test_a_notebook_runs_on_the_install_line_alone(tmp_path):
    """As on Colab: no checkout, no lock; the install line is executed with this checkout as its target."""
    from test_exercises import tool  # the tool chain

    home = tmp_path / "elsewhere"
    home.mkdir()
    wheel_source = tmp_path / "target"
    shutil.copytree(
        ROOT / "gan_helpers", wheel_source / "gan_helpers", ignore=shutil.ignore_patterns("__pycache__")
    )
    for name in ("pyproject.toml", "README.md"):
        shutil.copy(ROOT / name, wheel_source)
    venv.create(tmp_path / "env", with_pip=True)
    python = tmp_path / "env" / "bin" / "python"
    # Colab has a kernel and torch; the lock only keeps this test from fetching a torch with CUDA.
    constraints = ["-c", str(ROOT / "requirements.lock")]
    subprocess.run(
        [python, "-m", "pip", "install", "-q", "ipykernel", "nbclient", *constraints],
        check=True, env=CLEAN, capture_output=True,
    )  # fmt: skip
    nb = nbformat.read(ROOT / "notebooks" / "00_start_here.ipynb", as_version=4)
    setup = next(c for c in nb.cells if "setup" in c.metadata.get("tags", []))
    target = f"git+https://github.com/{tool.address()}"
    assert target in setup.source
    setup.source = setup.source.replace(target, f"{wheel_source} {' '.join(constraints)}")
    setup.source = (
        'import sys, types\nsys.modules["google.colab"] = types.ModuleType("colab")\n' + setup.source
    )
    nbformat.write(nb, home / "colab.ipynb")
    environment = {**CLEAN, "GAN_OFFLINE": "1", "HOME": str(home), "OMP_NUM_THREADS": "1"}
    environment.pop("PYTHONPATH", None)
    result = subprocess.run(
        [python, "-c", RUN, "colab.ipynb"], cwd=home, env=environment, capture_output=True, text=True
    )
    assert result.returncode == 0, result.stderr[-3000:]
    assert f"{len(nb.cells)} cells" in result.stdout
    where = subprocess.run(
        [python, "-c", "import gan_helpers; print(gan_helpers.__file__)"],
        cwd=home, env=environment, capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert str(tmp_path / "env") in where.stdout, "the package must come from the install line"


# --- style, and the same checks before a commit ---


def hooks() -> dict[str, dict]:
    config = yaml.safe_load((ROOT / ".pre-commit-config.yaml").read_text())
    return {hook["id"]: hook for repo in config["repos"] for hook in repo["hooks"]}


@pytest.mark.parametrize("arguments", [["check"], ["format", "--check"]])
def test_ruff_finds_nothing(arguments):
    ruff = Path(sys.executable).parent / "ruff"
    result = subprocess.run([ruff, *arguments, ROOT], capture_output=True, text=True)
    assert result.returncode == 0, result.stdout


ONE_LAYER_A_LINE = """net = nn.Sequential(
    nn.Linear(64, 128), nn.ReLU(),  # 128
    nn.Linear(128, 784), nn.Tanh())  # 784
"""


@pytest.mark.parametrize(
    ("path", "kept"),
    [("notebooks/source/05_x.py", True), ("notebooks/source/deeper/05_x.py", True), ("tests/x.py", False)],
)
def test_the_formatter_leaves_the_line_breaks_of_the_notebooks_alone(path, kept):
    entry = hooks()["ruff-format"]["entry"].split()[1:]
    command = [Path(sys.executable).parent / "ruff", *entry, "--stdin-filename", ROOT / path]
    result = subprocess.run(command, input=ONE_LAYER_A_LINE, cwd=ROOT, capture_output=True, text=True)
    assert (result.stdout == ONE_LAYER_A_LINE) is kept, result


def test_a_commit_with_a_fault_is_stopped(tmp_path):
    """Run the configured hooks on a small repository: a wrong name and a notebook that is not built."""
    for name in (".pre-commit-config.yaml", "pyproject.toml", "requirements.lock"):
        shutil.copy(ROOT / name, tmp_path)
    shutil.copytree(ROOT / "tools", tmp_path / "tools", ignore=shutil.ignore_patterns("__pycache__"))
    (tmp_path / ".venv").symlink_to(Path(sys.prefix))
    (tmp_path / "gan_helpers").mkdir()
    (tmp_path / "gan_helpers" / "a.py").write_text("def f():\n    return missing_name\n")
    (tmp_path / "notebooks" / "source").mkdir(parents=True)
    (tmp_path / "notebooks" / "source" / "01_x.py").write_text("# %%\nprint(1)\n")
    environment = {**CLEAN, "HOME": str(tmp_path), "PRE_COMMIT_HOME": str(tmp_path / "pc")}

    def run(*command):
        return subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True)

    run("git", "init", "-q")
    run("git", "add", "gan_helpers", "notebooks", "tools", *[n for n in os.listdir(tmp_path) if n[0] == "p"])
    pre_commit = str(Path(sys.executable).parent / "pre-commit")
    stopped = run(pre_commit, "run")
    assert stopped.returncode == 1
    assert "Undefined name `missing_name`" in stopped.stdout, stopped.stdout + stopped.stderr
    assert "01_x: not built yet" in stopped.stdout
    assert set(hooks()) == {"ruff-check", "ruff-format", "notebooks"}
