"""The copies that Colab opens, the try-out, and the wheel: nothing relative, nothing left behind."""

import re
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output
from test_exercises import tool  # puts tools/ on the path

import colab  # isort: skip

ROOT = Path(colab.ROOT)
AT = "some/repo@v1.2"
RAW, PAGE = "https://raw.githubusercontent.com/some/repo/v1.2", "https://github.com/some/repo/blob/v1.2"
OPENED = "https://colab.research.google.com/github/some/repo/blob/colab/notebooks"


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("![two words](images/05_x.png)", f"![two words]({RAW}/notebooks/images/05_x.png)"),
        ('<img src="images/a.gif" alt="b">', f'<img src="{RAW}/notebooks/images/a.gif" alt="b">'),
        ("see [06](06_dcgan.ipynb).", f"see [06]({OPENED}/06_dcgan.ipynb)."),
        ("[there](06_dcgan.ipynb#2-Sizes-(5-min))", f"[there]({OPENED}/06_dcgan.ipynb)"),
        ("[section 2](#2-Sizes-(5-min)), so", "section 2, so"),
        ("[sheet](../docs/symptoms.md)", f"[sheet]({PAGE}/docs/symptoms.md)"),
        ("[paper](https://arxiv.org/abs/1406.2661)", "[paper](https://arxiv.org/abs/1406.2661)"),
        ("```\n[x](y.ipynb)\n``` [x](#y)", "```\n[x](y.ipynb)\n``` x"),
    ],
)
def test_an_address_of_a_lesson_becomes_absolute(text, wanted):
    assert colab.absolute(text, "05_x.ipynb", AT) == wanted


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("![two words](../images/deeper/05.png)", f"![two words]({RAW}/notebooks/images/deeper/05.png)"),
        ("[lesson 05](../05_x.ipynb)", f"[lesson 05]({OPENED}/05_x.ipynb)"),
        ("[deeper 06](06_x.ipynb)", f"[deeper 06]({OPENED}/deeper/06_x.ipynb)"),
    ],
)
def test_a_deeper_notebook_is_one_folder_further_down(text, wanted):
    assert colab.absolute(text, "deeper/05_x.ipynb", AT) == wanted


def test_the_copies_hold_no_relative_address_and_all_else(tmp_path):
    paths = colab.copies(ROOT, tmp_path)
    assert len(paths) == len(tool.pairs(ROOT)) > 20
    for (_, original), path in zip(tool.pairs(ROOT), paths, strict=True):
        nb, before = tool.read(path), tool.read(original)
        nbformat.validate(nb)
        prose = re.sub(r"(?s)```.*?```", "", tool.prose_of(nb))
        targets = re.findall(r"\]\(([^)\s]+)", prose) + re.findall(r"<img[^>]*src=[\"']([^\"']+)", prose)
        assert [t for t in targets if not t.startswith("https://")] == []
        code = [(c.source, c.get("outputs")) for c in nb.cells if c.cell_type == "code"]
        assert code == [(c.source, c.get("outputs")) for c in before.cells if c.cell_type == "code"]
        assert nb.metadata["colab"]["name"] == path.name and nb.metadata["colab"]["toc_visible"]
    files = {str(p.relative_to(ROOT)) for p in (ROOT / "notebooks" / "images").rglob("*.*")}
    text = "".join(path.read_text() for path in paths)
    drawn = set(
        re.findall(rf"/{re.escape(tool.address().partition('@')[2])}/(notebooks/images/[\w./-]+)", text)
    )
    assert drawn and drawn <= files


def test_what_a_notebook_had_to_do_without_is_named():
    lines = "x is not recorded: notebooks go on without it.\nall is well\nUserWarning: old\n"
    cell = new_code_cell("1", outputs=[new_output("stream", text=lines)])
    found = colab.missing(new_notebook(cells=[new_markdown_cell("a"), cell]))
    assert [line.split(":")[0] for line in found] == ["cell 1", "cell 1"]
    assert colab.missing(new_notebook(cells=[new_markdown_cell("a Warning: b")])) == []


def test_a_try_out_runs_alone_with_the_stand_in_and_shows_an_error(tmp_path):
    """With this Python as the other one: the module is there, the folder is empty, an error is reported."""
    good = (
        "import os, sys\nassert 'google.colab' in sys.modules\n"
        "from google.colab import output\noutput.enable_custom_widget_manager()\n"
        "assert os.listdir('.') == ['x.ipynb'], os.listdir('.')"
    )
    project = tmp_path / "project"
    project.mkdir()
    shutil.copy(ROOT / "pyproject.toml", project)
    for command in (["init", "-q"], ["add", "."]):
        subprocess.run(["git", *command], cwd=project, check=True)
    who = ["-c", "user.name=a", "-c", "user.email=a@b.c"]
    subprocess.run(["git", *who, "commit", "-qm", "all"], cwd=project, check=True)
    for source, wanted in ((good, ""), ("1 / 0", "ZeroDivisionError")):
        path = tmp_path / "x.ipynb"
        nbformat.write(new_notebook(cells=[new_code_cell(source)]), path)
        error, without = colab.tried(path, Path(sys.executable), project)
        assert without == [] and (wanted in error if wanted else error == ""), error


def test_the_wheel_has_every_file_of_the_package(tmp_path):
    """Records, their code, trained weights and widgets travel: what Colab and a class on a stick have."""
    project = tmp_path / "project"
    ignore = shutil.ignore_patterns("__pycache__")
    shutil.copytree(ROOT / "gan_helpers", project / "gan_helpers", ignore=ignore)
    for name in ("pyproject.toml", "README.md"):
        shutil.copy(ROOT / name, project)
    command = [sys.executable, "-m", "pip", "wheel", "-q", "--no-deps", "-w", tmp_path, project]
    subprocess.run(command, check=True, capture_output=True)
    (wheel,) = tmp_path.glob("*.whl")
    packed = {n for n in zipfile.ZipFile(wheel).namelist() if n.startswith("gan_helpers/")}
    there = {str(p.relative_to(project)) for p in (project / "gan_helpers").rglob("*") if p.is_file()}
    assert packed == there and len(there) > 80
    assert wheel.stat().st_size < 5_000_000
