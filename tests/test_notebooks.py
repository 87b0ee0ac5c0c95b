"""The committed notebooks have no fault, and every kind of fault is found when it is put in."""

import base64
import copy
import re
import sys
from pathlib import Path

import nbformat
import pytest
from nbconvert import HTMLExporter
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT / "tools"))
import notebooks as tool  # noqa: E402

PAIRS = tool.pairs(ROOT)
PNG = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
BADGE_LINE = (
    "[![Open in Colab](https://colab.research.google.com/assets/colab-badge.svg)]"
    "(https://colab.research.google.com/github/some/repo/blob/main/notebooks/01_x.ipynb)"
)
INSTALL_LINE = 'run("pip", "install -q git+https://github.com/some/repo")'


@pytest.mark.parametrize(("source", "path"), PAIRS, ids=[s.stem for s, _ in PAIRS])
def test_no_fault(source, path):
    assert tool.faults_of(source, path) == []


@pytest.mark.parametrize("path", [p for _, p in PAIRS], ids=lambda p: p.stem)
def test_every_picture_survives_in_html(path):
    nb = nbformat.read(path, as_version=4)
    html = HTMLExporter().from_notebook_node(nb)[0]
    payloads = []
    for cell in nb.cells:
        for out in cell.get("outputs", []):
            data = out.get("data", {})
            payloads += [v for k, v in data.items() if k.startswith("image/")]
            payloads += re.findall(r"base64,([\w+/=]+)", data.get("text/html", ""))
    assert payloads, "a notebook without pictures"
    for payload in payloads:
        assert payload.strip()[:2000] in html


# --- a healthy notebook, and one fault at a time ---


def healthy() -> nbformat.NotebookNode:
    return new_notebook(
        cells=[
            new_markdown_cell(
                f"# 01 · X\n\n{BADGE_LINE}\n\n![two words](images/a.png)\n\n[below](#Part-two)"
            ),
            new_code_cell(INSTALL_LINE, metadata={"tags": ["setup"]}, execution_count=1),
            new_markdown_cell("## Part two\n\n[other](other.ipynb) and [web](https://example.org/x)"),
            new_code_cell(
                "show()",
                execution_count=2,
                outputs=[
                    new_output("stream", name="stdout", text="the square root of 2\n"),
                    new_output("display_data", {"image/png": PNG}, metadata={"image/png": {"alt": "a dot"}}),
                    new_output(
                        "display_data", {"text/html": '<img alt="moving" src="data:image/gif;base64,aa">'}
                    ),
                ],
            ),
            new_markdown_cell("### Exercise 1 · t"),
            new_code_cell("f = None", metadata={"tags": ["exercise-1"]}, execution_count=3),
            new_code_cell("nb01.check_1(f)", metadata={"tags": ["check-1"]}, execution_count=4),
            new_markdown_cell(
                "<details><summary>Hint</summary>\n\nx\n</details>\n<details><summary>Solution</summary>\n\n"
                "```python\nf = 1\n```\n</details>"
            ),
        ]
    )


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "images").mkdir()
    (tmp_path / "images" / "a.png").write_bytes(b"")
    (tmp_path / "other.ipynb").write_text("")
    return tmp_path


def faults(nb, folder):
    return tool.output_faults(nb) + tool.text_faults(nb, folder, "01_x.ipynb", "some/repo")


def test_a_healthy_notebook_has_no_fault(folder):
    assert faults(healthy(), folder) == []


def add_output(**kwargs):
    return lambda nb: nb.cells[3].outputs.append(new_output(**kwargs))


def set_text(k, old, new):
    def change(nb):
        assert old in nb.cells[k].source
        nb.cells[k].source = nb.cells[k].source.replace(old, new)

    return change


def set_value(k, key, value):
    return lambda nb: nb.cells[k].update({key: value})


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        (set_value(3, "execution_count", 7), "execution counts are [1, 7, 3, 4]"),
        (set_value(3, "execution_count", None), "execution counts"),
        (
            add_output(output_type="error", ename="ValueError", evalue="x", traceback=[]),
            "error output ValueError",
        ),
        (add_output(output_type="stream", name="stderr", text="oh"), "a warning in the output"),
        (add_output(output_type="stream", name="stdout", text="UserWarning: no"), "a warning in the output"),
        (add_output(output_type="stream", name="stdout", text="saved in /home/ann/x"), "'/home/ann'"),
        (add_output(output_type="stream", name="stdout", text="C:\\Users\\ann"), "a folder of this machine"),
        (
            add_output(output_type="stream", name="stdout", text="lib/site-packages/x"),
            "a folder of this machine",
        ),
        (add_output(output_type="stream", name="stdout", text="50%\r100%\n"), "progress-bar residue"),
        (add_output(output_type="display_data", data={tool.WIDGET: {}}), "dead widget"),
        (add_output(output_type="display_data", data={"image/gif": "x"}), "drops image/gif"),
        (add_output(output_type="display_data", data={"video/mp4": "x"}), "drops video/mp4"),
        (add_output(output_type="display_data", data={"image/png": PNG}), "figure without alt text"),
        (
            add_output(output_type="display_data", data={"text/html": '<img src="x">'}),
            "animation without alt",
        ),
        (
            add_output(
                output_type="display_data", data={"text/html": f'<img alt="a b" src="{"x" * 900_000}">'}
            ),
            "animation over 600 KB",
        ),
        (set_text(0, "![two words]", "![]"), "picture without alt text: images/a.png"),
        (
            set_text(0, "![two words](images/a.png)", "<img src='images/a.png'>"),
            "picture without alt text: <img",
        ),
        (set_text(0, "images/a.png", "images/b.png"), "broken link: images/b.png"),
        (set_text(0, "#Part-two", "#Part-three"), "no heading for #Part-three"),
        (set_text(2, "other.ipynb", "gone.ipynb"), "broken link: gone.ipynb"),
        (set_text(0, "some/repo", "other/repo"), "Colab badge"),
        (set_text(0, "01_x.ipynb", "02_x.ipynb"), "Colab badge"),
        (set_text(0, BADGE_LINE, ""), "Colab badge"),
        (set_text(1, "some/repo", "other/repo"), "install line"),
        (set_value(1, "metadata", {}), "0 cells tagged setup"),
        (set_value(3, "source", "x\n" * 41), "over 40 lines"),
        (set_text(4, "Exercise 1 ·", "Exercise 2 ·"), "no heading 'Exercise 1"),
        (set_value(6, "metadata", {}), "not tagged check-1"),
        (set_text(7, "Solution", "Answer"), "no folded solution"),
        (set_text(7, "Hint", "Help"), "no folded hint"),
        (set_value(5, "metadata", {"tags": ["exercise-2"]}), "check-2"),
    ],
)
def test_each_fault_is_found(folder, change, fault):
    nb = healthy()
    change(nb)
    assert any(fault in found for found in faults(nb, folder)), faults(nb, folder)


def test_the_name_of_user_and_machine_are_found(monkeypatch):
    nb = healthy()
    add_output(output_type="stream", name="stdout", text="hello annabel on buildbox7")(nb)
    monkeypatch.setattr(tool.socket, "gethostname", lambda: "other")
    monkeypatch.setattr(tool.getpass, "getuser", lambda: "bell")  # part of a word is no name
    assert tool.own_names(nb) == []
    monkeypatch.setattr(tool.getpass, "getuser", lambda: "annabel")
    assert tool.own_names(nb) == ["annabel"]
    monkeypatch.setattr(tool.socket, "gethostname", lambda: "buildbox7")
    assert tool.own_names(nb) == ["annabel", "buildbox7"]
    monkeypatch.setattr(tool.getpass, "getuser", lambda: "root")  # the square root is no leak
    assert tool.own_names(nb) == ["buildbox7"]

    def nameless() -> str:
        raise KeyError("getpwuid(): uid not found: 12345")

    monkeypatch.setattr(tool.getpass, "getuser", nameless)
    assert tool.own_names(nb) == ["buildbox7"]


def test_disagreement_of_text_and_notebook():
    nb = healthy()
    assert tool.disagreements(nb, copy.deepcopy(nb)) == []
    for change in (
        lambda x: x.cells.pop(),
        lambda x: set_value(3, "source", "show(1)")(x),
        lambda x: set_value(3, "metadata", {"tags": ["a"]})(x),
        lambda x: x.cells.append(new_markdown_cell("more")),
    ):
        other = copy.deepcopy(nb)
        change(other)
        assert len(tool.disagreements(nb, other)) == 1


# --- build, on a small project of its own ---

SOURCE = f"""# %% [markdown]
# # 01 · X
#
# {BADGE_LINE}

# %% tags=["setup"]
# {INSTALL_LINE}
import helper_text
from gan_helpers import a
from IPython.display import display

# %% tags=["head-picture"]
print("10%\\r100%\\nrun", a.VALUE)
display({{"image/png": "{PNG}"}}, raw=True, metadata={{"image/png": {{"alt": "a dot"}}}})
"""


@pytest.fixture
def project(tmp_path, monkeypatch):
    files = {
        "pyproject.toml": '[project]\nurls = {Repository = "https://github.com/some/repo"}\n',
        "requirements.lock": "torch==1\n",
        "README.md": f"{BADGE_LINE}\n",
        "gan_helpers/__init__.py": "",
        "gan_helpers/a.py": "from gan_helpers.b import VALUE\n",
        "gan_helpers/b.py": "VALUE = 1\n",
        "gan_helpers/c.py": "",
        "notebooks/helper_text.py": "",
        "notebooks/source/01_x.py": SOURCE,
    }
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    return tmp_path


def test_build_runs_what_changed_and_only_that(project, capsys):
    source, path = tool.pairs(project)[0]
    assert tool.faults_of(source, path, project) == ["not built yet: run make notebooks"]
    assert tool.build(project, []) == 0
    assert tool.faults_of(source, path, project) == []
    nb = nbformat.read(path, as_version=4)
    assert nb.cells[2].outputs[0].text == "100%\nrun 1\n"
    picture = project / "notebooks" / "images" / "01_x.png"
    assert picture.read_bytes() == base64.b64decode(PNG)
    assert tool.build(project, []) == 0 and "up to date" in capsys.readouterr().out

    def stale() -> bool:
        return any("outputs are older" in f for f in tool.faults_of(source, path, project))

    (project / "gan_helpers" / "c.py").write_text("# nobody imports this")
    assert not stale()
    (project / "gan_helpers" / "b.py").write_text("VALUE = 2\n")  # imported by a, which is imported
    assert stale()
    assert tool.build(project, []) == 0 and not stale()
    assert nbformat.read(path, as_version=4).cells[2].outputs[0].text == "100%\nrun 2\n"
    (project / "requirements.lock").write_text("torch==2\n")
    assert stale()
    assert tool.build(project, []) == 0 and not stale()

    # A cell that fails leaves the good notebook in place and is reported.
    good = path.read_bytes()
    source.write_text(SOURCE + "\n# %%\n1 / 0\n")
    assert tool.build(project, []) == 1
    assert path.read_bytes() == good and "ZeroDivisionError" in capsys.readouterr().out
    source.unlink()
    assert tool.build(project, []) == 1 and "no source" in capsys.readouterr().out


def test_badges_are_rewritten_everywhere_from_one_place(project):
    assert tool.build(project, []) == 0
    source, path = tool.pairs(project)[0]
    toml = project / "pyproject.toml"
    toml.write_text(toml.read_text().replace("some/repo", "new-owner/new.name"))
    assert any("badge" in f for f in tool.faults_of(source, path, project))
    tool.badges(project)
    assert tool.faults_of(source, path, project) == []  # and nothing had to be executed again
    for file in (source, path, project / "README.md"):
        assert "some/repo" not in file.read_text() and "new-owner/new.name" in file.read_text()


def test_readme_links_agree_with_the_repository():
    text = (ROOT / "README.md").read_text()
    assert tool.rewrite(text, tool.slug()) == text
    for target in re.findall(r"\]\(([^)\s#]+)\)|<img[^>]*src=\"([^\"]+)", text):
        name = "".join(target)
        assert re.match(r"https?:", name) or (ROOT / name).exists(), name
    assert not re.search(r"!\[\s*\]\(", text)


def test_command_line(project, monkeypatch, capsys):
    def run(*words):
        monkeypatch.setattr(sys, "argv", ["notebooks.py", *words, "--root", str(project)])
        return tool.main()

    assert run("check") == 1 and "01_x: not built yet" in capsys.readouterr().out
    assert run("build") == 0
    assert run("check") == 0 and capsys.readouterr().out.count("\n") == 1
    assert run("badges") == 0 and capsys.readouterr().out == ""
    assert run("build", "--force", "01") == 0 and "running" in capsys.readouterr().out
