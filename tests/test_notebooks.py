"""The committed notebooks have no fault, and every kind of fault is found when it is put in."""

import base64
import copy
import html
import io
import re
import sys
from pathlib import Path

import jupytext
import nbformat
import pytest
from jupytext.config import load_jupytext_config
from jupytext.formats import long_form_multiple_formats
from jupytext.paired_paths import paired_paths
from nbconvert import HTMLExporter
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output
from PIL import Image

ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT / "tools"))
import notebooks as tool  # noqa: E402

minutes = tool.minutes

PAIRS = tool.pairs(ROOT)
PNG = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
BADGE_LINE = (
    "[![Open in Colab](https://colab.research.google.com/assets/colab-badge.svg)]"
    "(https://colab.research.google.com/github/some/repo/blob/colab/notebooks/01_x.ipynb)"
)
INSTALL_LINE = 'run("pip", "install -q git+https://github.com/some/repo@v1.2")'


@pytest.mark.parametrize(("source", "path"), PAIRS, ids=[tool.label(s) for s, _ in PAIRS])
def test_no_fault(source, path):
    assert tool.faults_of(source, path) == []


@pytest.mark.parametrize("path", [p for _, p in PAIRS], ids=[tool.label(s) for s, _ in PAIRS])
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


def words(text, before=""):
    """What plots.show displays below a picture, and plots.gif with one."""
    fold = f"<details><summary>What you should see</summary>{html.escape(text)}</details>"
    return {"text/html": before + fold, "text/plain": f"What you should see: {text}"}


def healthy() -> nbformat.NotebookNode:
    return new_notebook(
        cells=[
            new_markdown_cell(
                f"# 01 · X\n\n{BADGE_LINE}\n\n![two words](images/a.png)\n\n[below](#Part-two)\n\n"
                "[deeper](deeper/01_x.ipynb#Further-down)"
            ),
            new_code_cell(INSTALL_LINE, metadata={"tags": ["setup"]}, execution_count=1),
            new_markdown_cell("## Part two\n\n[other](other.ipynb) and [web](https://example.org/x)"),
            new_code_cell(
                "show()",
                execution_count=2,
                outputs=[
                    new_output("stream", name="stdout", text="the square root of 2\n"),
                    new_output("display_data", {"image/png": PNG}),
                    new_output("display_data", words("a dot & no more")),
                    new_output("display_data", words("it moves", '<img alt="it moves" src="x">')),
                ],
            ),
            new_markdown_cell("### Exercise 1 · t"),
            new_code_cell("f = None", metadata={"tags": ["exercise-1"]}, execution_count=3),
            new_code_cell("nb01.check_1(f)", metadata={"tags": ["check-1"]}, execution_count=4),
            new_markdown_cell(
                "<details><summary>Hint: first step</summary>\n\nx\n</details>\n"
                "<details><summary>Hint: almost there</summary>\n\nx\n</details>\n"
                "<details><summary>Solution</summary>\n\n"
                "```python\nf = 1\n```\n</details>"
            ),
        ]
    )


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "images").mkdir()
    (tmp_path / "images" / "a.png").write_bytes(b"")
    (tmp_path / "other.ipynb").write_text("")
    (tmp_path / "deeper").mkdir()
    nbformat.write(
        new_notebook(cells=[new_markdown_cell("## Further down")]), tmp_path / "deeper" / "01_x.ipynb"
    )
    return tmp_path


def faults(nb, folder):
    return tool.output_faults(nb) + tool.text_faults(nb, folder, "01_x.ipynb", "some/repo@v1.2")


def test_a_healthy_notebook_has_no_fault(folder):
    assert faults(healthy(), folder) == []


def add_output(**kwargs):
    return lambda nb: nb.cells[3].outputs.append(new_output(**kwargs))


def set_text(k, old, new):
    def change(nb):
        assert old in nb.cells[k].source
        nb.cells[k].source = nb.cells[k].source.replace(old, new)

    return change


def set_output(n, kind, value):
    return lambda nb: nb.cells[3].outputs[n].data.update({kind: value})


def both(*changes):
    return lambda nb: [change(nb) for change in changes]


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
        (add_output(output_type="display_data", data={"image/png": PNG}), "figure without its words"),
        (
            set_output(2, "text/html", "<details><summary>What you should see</summary></details>"),
            "without its",
        ),
        (set_output(2, "text/html", "<p>a dot &amp; no more</p>"), "figure without its words"),
        (set_output(2, "text/plain", "<HTML object>"), "figure without its words"),
        (set_output(3, "text/html", '<img alt="it moves" src="x">'), "animation without its words"),
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
        (set_text(0, "#Further-down", "#Further-up"), "no heading for deeper/01_x.ipynb#Further-up"),
        (set_text(0, "deeper/01_x.ipynb#", "deeper/02_x.ipynb#"), "broken link: deeper/02_x.ipynb"),
        (
            both(set_text(0, "#Part-two", "#Part-é"), set_text(2, "Part two", "Part é")),
            "ASCII letters: #Part-é",
        ),
        (set_text(2, "other.ipynb", "gone.ipynb"), "broken link: gone.ipynb"),
        (set_text(0, "some/repo", "other/repo"), "Colab badge"),
        (set_text(0, "01_x.ipynb", "02_x.ipynb"), "Colab badge"),
        (set_text(0, "blob/colab", "blob/main"), "Colab badge"),
        (set_text(0, BADGE_LINE, ""), "Colab badge"),
        (set_text(1, "some/repo", "other/repo"), "install line"),
        (set_text(1, "@v1.2", "@v1.1"), "install line must name some/repo@v1.2"),
        (set_text(1, "@v1.2", ""), "install line"),
        (set_value(1, "metadata", {}), "0 cells tagged setup"),
        (set_value(3, "source", "x\n" * 41), "over 40 lines"),
        (set_text(4, "Exercise 1 ·", "Exercise 2 ·"), "no heading 'Exercise 1"),
        (set_value(6, "metadata", {}), "not tagged check-1"),
        (set_text(7, "Solution", "Answer"), "no folded solution"),
        (set_text(7, "Hint: first step", "Hint"), "folded are ['Hint', 'Hint: almost there', 'Solution']"),
        (set_text(7, "Hint: almost there", "Help"), "exercise 1: folded are"),
        (set_text(7, "Hint: first step", "Hint: almost there"), "exercise 1: folded are"),
        (set_value(5, "metadata", {"tags": ["exercise-2"]}), "check-2"),
    ],
)
def test_each_fault_is_found(folder, change, fault):
    nb = healthy()
    change(nb)
    assert any(fault in found for found in faults(nb, folder)), faults(nb, folder)


def test_exercises_of_a_deeper_notebook_go_on(folder):
    nb = healthy()
    assert tool.text_faults(nb, folder, "01_x.ipynb", "some/repo@v1.2", first=4) == [
        "exercises are numbered [1], not from 4 on"
    ]


# --- a notebook of the new form: a cell that only draws is hidden, lines are narrow, minutes are right ---

DRAW = """fig, ax = plt.subplots()
def update(k):
    ax.plot(runs[k])
plots.gif(fig, update, 3, alt="three runs, one after the other")"""
LONG = "total = " + " + ".join(["first_value"] * 6)  # 89 columns


def lesson_notebook():
    """A notebook with three sections; on paper: 20, 300 and 10 words, a picture, a formula, 100 nodes."""
    hidden = {"tags": ["hide-input"], **copy.deepcopy(tool.HIDDEN)}
    story = " ".join(["word"] * 298)
    nb = new_notebook(
        cells=[
            new_markdown_cell(f"# 01 · X\n\n{BADGE_LINE}\n\n[next](#2-Exercises) *Run time:* 5 s"),
            new_code_cell(INSTALL_LINE, metadata={"tags": ["setup"]}),
            new_markdown_cell(f"## 1 A long story\n\n{story}\n\n$$x$$"),
            new_code_cell("runs = [f(seed) for seed in range(3)]\nax = None"),
            new_code_cell(DRAW, metadata=hidden, outputs=[new_output("display_data", {"image/png": PNG})]),
            new_code_cell('ax = 3\nprint(ax, runs)\nclaim("' + "w " * 45 + '", runs, above=0)'),
            new_markdown_cell(
                "## 2 Exercises\n\n### Exercise 1 · t\n\n●○○ · 7 minutes · you need: section 1"
            ),
        ]
    )
    return nb


def fill(nb):
    times = minutes.study(nb)
    for cell in nb.cells:
        if cell.cell_type == "markdown":
            cell.source = minutes.relinked(
                minutes.filled(minutes.plain(cell.source), times), {"": minutes.anchors(tool.prose_of(nb))}
            )
    head = nb.cells[0]  # the link stands before its heading: once more, now that all headings are written
    head.source = minutes.relinked(head.source, {"": minutes.anchors(tool.prose_of(nb))})
    return nb


def form_faults(nb):
    return tool.hidden_faults(nb) + tool.form_faults(nb)


def test_minutes_of_a_small_notebook_known_on_paper():
    nb = lesson_notebook()
    times = minutes.study(nb)
    assert list(times) == ["", "1 A long story", "2 Exercises"]
    # Words: 301 with the heading (A long story), 45 claimed. Nodes without loads, stores and operators:
    # Module; Assign Name ListComp Call Name Name comprehension Name Call Name Constant; Assign Name Constant;
    # and in cell 5 Module; Assign Name Constant; Expr Call Name Name Name; Expr Constant, left of the claim.
    assert times["1 A long story"] == (pytest.approx((301 + 45) / 150 + (15 + 11) / 50 + 1 + 0.5), 0)
    assert times["2 Exercises"][1] == 7 and times["2 Exercises"][0] < 0.02
    nb.cells[2].source = nb.cells[2].source.replace("word", "<details>word", 1) + "</details>"  # folded: half
    in_fold = 298 + 2  # a tag counts as a word
    expected = (3 + in_fold / 2 + 45) / 150 + 26 / 50 + 1 + 0.5
    assert minutes.study(nb)["1 A long story"][0] == pytest.approx(expected)
    nb.cells[2].source += "\n\n```\n## no heading, and no words\n```\n\n| a | table |\n"
    assert minutes.study(nb)["1 A long story"][0] == pytest.approx(expected)
    nb.cells[3].source = 'def f():\n    """Words of a docstring."""'
    del nb.cells[5]
    assert minutes.study(nb)["1 A long story"][0] == pytest.approx((3 + in_fold / 2) / 150 + 4 / 50 + 1 + 0.5)


def test_minutes_are_written_into_headings_links_and_head_and_taken_out_again():
    bare, nb = lesson_notebook(), fill(lesson_notebook())
    assert "## 1 A long story (4 min)\n" in nb.cells[2].source
    assert nb.cells[6].source.startswith("## 2 Exercises (7 min)\n")
    assert (
        "[next](#2-Exercises-(7-min)) *Study:* 4 minutes, and 7 for the exercises. *Run time:*"
        in nb.cells[0].source
    )
    assert fill(copy.deepcopy(nb)) == nb  # nothing is written twice
    assert [minutes.plain(c.source) for c in nb.cells] == [c.source for c in bare.cells]
    assert minutes.carries_minutes(tool.prose_of(nb)) and not minutes.carries_minutes(tool.prose_of(bare))
    dotted = "## 1 A long story · 9 min\n\n[x](#1-A-long-story-·-9-min)"
    assert minutes.plain(dotted) == "## 1 A long story\n\n[x](#1-A-long-story)"
    commented = "# # 01 · X\n#\n# *Run time:* 5 s\n# ## 1 A long story\n"  # the same in a source
    times = {"1 A long story": (4.0, 0)}
    assert minutes.filled(commented, times) == (
        "# # 01 · X\n#\n# *Study:* 4 minutes. *Run time:* 5 s\n# ## 1 A long story (4 min)\n"
    )


def test_a_lesson_of_the_new_form_has_no_fault():
    assert form_faults(fill(lesson_notebook())) == []
    assert tool.form_faults(lesson_notebook()) == []  # without minutes: an old one, left alone


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        (
            set_text(4, "fig, ax", "assert runs\nfig, ax"),
            "cell 4: a hidden cell only draws, this one has assert",
        ),
        (set_text(4, "fig, ax", "claim('x', 1)\nfig, ax"), "has claim"),
        (set_text(4, "fig, ax", "evidence.claim('x', 1)\nfig, ax"), "has claim"),
        (set_text(4, "fig, ax", "loss.backward()\nfig, ax"), "has backward"),
        (set_text(4, "fig, ax", "list(play(G, D))\nfig, ax"), "has play"),
        (set_text(4, "fig, ax", "class Net:\n    pass\nfig, ax"), "has classdef"),
        (set_text(5, "ax = 3\n", ""), "cell 5 needs ax, which hidden cell 4 sets"),
        (set_text(5, "ax = 3", "update(1)\nax = 3"), "cell 5 needs update, which hidden cell 4 sets"),
        (
            set_value(4, "metadata", {"tags": ["hide-input"]}),
            "cell 4: tagged hide-input or a prediction, not hidden",
        ),
        (set_text(3, "ax = None", LONG), "cell 3: a line of 89 columns, over 88"),
        (set_text(0, "*Run time:*", "Takes"), "the head does not give the *Run time:*"),
        (set_text(0, "*Study:* 4", "*Study:* 5"), "the minutes are not those of the text"),
        (set_text(2, "(4 min)", "(5 min)"), "the minutes are not those of the text"),
        (set_text(2, "(4 min)", "· 4 min"), "the minutes are not those of the text"),
        (set_text(2, "word ", ""), "the minutes are not those of the text"),
    ],
)
def test_each_fault_of_the_new_form_is_found(change, fault):
    nb = fill(lesson_notebook())
    change(nb)
    assert any(fault in found for found in form_faults(nb)), form_faults(nb)


def test_hidden_cells_may_share_helpers_and_long_lines_are_theirs():
    nb = fill(lesson_notebook())
    hidden = copy.deepcopy(nb.cells[4])
    hidden.source = f"update(2)\n{LONG}"
    hidden.outputs = []
    nb.cells.insert(5, hidden)
    assert form_faults(nb) == []


# --- the words of a picture reach the page that a reader sees ---

SHOWS = """
import matplotlib.pyplot as plt
from gan_helpers import plots
fig, ax = plt.subplots(figsize=(1, 1))
plots.show(fig, alt="a line that rises & falls")
fig, ax = plt.subplots(figsize=(1, 1))
plots.gif(fig, lambda k: ax.plot([k, 1]), 2, alt="a point that moves")
"""


def test_an_exported_page_shows_the_words_of_every_picture():
    nb = new_notebook(cells=[new_code_cell(SHOWS)])
    tool.NotebookClient(nb, kernel_name="python3").execute()
    assert tool.output_faults(nb) == []
    page = HTMLExporter().from_notebook_node(nb)[0]
    for text in ("a line that rises &amp; falls", "a point that moves"):
        assert f"<summary>What you should see</summary>{text}</details>" in page
    assert page.count(f"data:image/png;base64,{nb.cells[0].outputs[0].data['image/png'][:50]}") == 1
    assert 'alt="a point that moves"' in page
    for text in ("a line that rises & falls", "a point that moves"):  # and where there is no HTML
        assert any(text in out.data["text/plain"] for out in nb.cells[0].outputs)


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
display(helper_text.PICTURE, raw=True)
display(helper_text.WORDS, raw=True)
"""


@pytest.fixture
def project(tmp_path, monkeypatch):
    files = {
        "pyproject.toml": '[project]\nversion = "1.2"\nurls = {Repository = "https://github.com/some/repo"}\n',
        "requirements.lock": "torch==1\n",
        "README.md": f"{BADGE_LINE}\n",
        "gan_helpers/__init__.py": "",
        "gan_helpers/a.py": "from gan_helpers.b import VALUE\n",
        "gan_helpers/b.py": "VALUE = 1\n",
        "gan_helpers/c.py": "",
        "helper_text.py": f"PICTURE, WORDS = {dict([('image/png', PNG)])}, {words('a dot')}",
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

    (project / "gan_helpers" / "c.py").write_text("# nobody imports this")
    assert not stale(project)
    (project / "gan_helpers" / "b.py").write_text("VALUE = 2\n")  # imported by a, which is imported
    assert stale(project)
    assert tool.build(project, []) == 0 and not stale(project)
    assert nbformat.read(path, as_version=4).cells[2].outputs[0].text == "100%\nrun 2\n"
    (project / "requirements.lock").write_text("torch==2\n")
    assert stale(project)
    assert tool.build(project, []) == 0 and not stale(project)

    # A cell that fails leaves the good notebook in place and is reported.
    good = path.read_bytes()
    source.write_text(SOURCE + "\n# %%\n1 / 0\n")
    assert tool.build(project, []) == 1
    assert path.read_bytes() == good and "ZeroDivisionError" in capsys.readouterr().out
    source.unlink()
    assert tool.build(project, []) == 1 and "no source" in capsys.readouterr().out


def stale(project):
    return any("outputs are older" in f for f in tool.faults_of(*tool.pairs(project)[0], project))


def test_a_notebook_is_older_than_a_record_that_it_draws(project):
    source = tool.pairs(project)[0][0]
    source.write_text(
        SOURCE
        + "\n# %%\ndef recorded(name):\n    return 1\n"
        + 'race = recorded("race")\n# how_sure()\n# trained_people()\n'
    )
    for name in ("benchmarks/results/race.json", "benchmarks/results/other.json"):
        (project / name).parent.mkdir(parents=True, exist_ok=True)
        (project / name).write_text("{}")
    assert tool.build(project) == 0 and not stale(project)
    (project / "benchmarks" / "results" / "other.json").write_text("[]")  # another notebook's
    assert not stale(project)
    (project / "benchmarks" / "results" / "race.json").write_text("[]")
    assert stale(project)
    (project / "benchmarks" / "results" / "race.json").write_text("{}")
    assert not stale(project)
    (project / "gan_helpers" / "records").mkdir()
    for name in ("race.json", "claims_nb01.json", "people_generator.pt"):
        record = project / "gan_helpers" / "records" / name
        record.write_text("{}")
        assert stale(project), name
        record.unlink()
    assert not stale(project)


LESSON = SOURCE.replace(
    "# # 01 · X\n", "# # 01 · X\n#\n# *Run time:* 1 s, [deeper](deeper/01_x.ipynb#1-More)\n"
)
LESSON += "\n# %% [markdown]\n# ## 1 One\n#\n# [two](#2-Two).\n#\n# ## 2 Two\n#\n# [one](#1-One)\n"
DEEPER = SOURCE.replace("01_x.ipynb", "deeper/01_x.ipynb").replace(
    "# # 01 · X\n", "# # 01 · X, deeper\n#\n# *Run time:* 1 s, [lesson](../01_x.ipynb#2-Two)\n"
)
DEEPER += "\n# %% [markdown]\n# ## 1 More\n#\n# ![a dot](../images/deeper/01_x.png)\n"


@pytest.fixture
def course(project):
    """A lesson and its deeper notebook, with links between them."""
    (project / "notebooks" / "source" / "01_x.py").write_text(LESSON)
    (project / "notebooks" / "source" / "deeper").mkdir()
    (project / "notebooks" / "source" / "deeper" / "01_x.py").write_text(DEEPER)
    return project


def all_faults(root):
    return [fault for pair in tool.pairs(root) for fault in tool.faults_of(*pair, root)]


def test_deeper_notebooks_are_built_and_checked_as_lessons_are(course, capsys):
    assert [tool.label(source) for source, _ in tool.pairs(course)] == ["01_x", "deeper/01_x"]
    assert tool.build(course, jobs=2) == 0 and all_faults(course) == []
    printed = capsys.readouterr().out.splitlines()
    assert printed[0] == "running, 2 at a time: 01_x, deeper/01_x" and len(printed) == 3
    assert (course / "notebooks" / "images" / "deeper" / "01_x.png").exists()
    assert tool.build(course, ["deeper"]) == 0 and "at a time: deeper/01_x" in capsys.readouterr().out
    # the badge must have the folder, too, and a deeper notebook its lesson
    path = tool.pairs(course)[1][1]
    assert tool.rewrite(DEEPER, "new/repo@v3").count("new/repo/blob/colab/notebooks/deeper/01_x.ipynb") == 1
    nb = tool.read(path)
    nb.cells[0].source = nb.cells[0].source.replace("notebooks/deeper/", "notebooks/")
    assert any(
        "badge must lead" in f
        for f in tool.text_faults(nb, path.parent, "deeper/01_x.ipynb", "some/repo@v1.2")
    )
    for file in tool.pairs(course)[0]:
        file.unlink()
    assert all_faults(course) == ["no lesson 01 that this notebook goes deeper into"]


def test_exercises_are_counted_on_from_the_lesson(course):
    lesson, deeper = (source for source, _ in tool.pairs(course))
    assert tool.first_exercise(lesson) == tool.first_exercise(deeper) == 1
    exercise = nbformat.v4.new_notebook(cells=healthy().cells[4:])
    lesson.write_text(LESSON + "\n" + jupytext.writes(exercise, fmt="py:percent"))
    assert (tool.first_exercise(lesson), tool.first_exercise(deeper)) == (1, 2)


def test_minutes_of_text_and_notebook_agree_and_nothing_is_executed_for_them(course, capsys):
    (lesson, path), (deeper, _) = tool.pairs(course)
    assert tool.build(course) == 0 and all_faults(course) == []
    tool.write_minutes(course)  # nobody has asked for minutes
    assert lesson.read_text() == LESSON and deeper.read_text() == DEEPER
    before = tool.read(path)
    tool.write_minutes(course, ["01"])
    assert all_faults(course) == []
    text = lesson.read_text()
    assert (
        "# ## 1 One (1 min)" in text and "[two](#2-Two-(1-min))" in text and "[one](#1-One-(1-min))" in text
    )
    assert "# *Study:* 2 minutes. *Run time:* 1 s" in text
    assert minutes.plain(text) == LESSON
    assert minutes.plain(deeper.read_text()) == DEEPER  # only its link has changed
    assert "[lesson](../01_x.ipynb#2-Two-(1-min))" in deeper.read_text()
    after = tool.read(path)
    assert [c.get("outputs") for c in before.cells] == [c.get("outputs") for c in after.cells]
    capsys.readouterr()
    # From now on a build keeps them: 600 words more are four minutes more, in headings and in every link.
    lesson.write_text(text.replace("[two]", "word " * 600 + "[two]"))
    assert any("disagree" in f for f in all_faults(course))
    tool.write_minutes(course)
    assert "01_x: older than its source, no minutes written" in capsys.readouterr().out
    assert tool.build(course) == 0 and all_faults(course) == []
    assert "## 1 One (4 min)" in lesson.read_text() and "(#1-One-(4-min))" in lesson.read_text()
    assert "[deeper](deeper/01_x.ipynb#1-More)" in lesson.read_text()  # which has no minutes


def test_hidden_cells_are_hidden_in_jupyterlab_and_colab(project):
    source = tool.pairs(project)[0][0]
    asks = "\n# %%\ndef predict(*_):\n    pass\n\n# %%\npredict(\n    'Which?',\n)\n"
    source.write_text(SOURCE.replace('["head-picture"]', '["head-picture", "hide-input"]') + asks)
    twenty = source.with_name("20_x.py")
    twenty.write_text(SOURCE.replace("01_x", "20_x"))
    assert tool.build(project, jobs=2) == 0
    nb, on_gpu = (tool.read(path) for _, path in tool.pairs(project))
    assert nb.cells[2].metadata["jupyter"] == {"source_hidden": True}
    assert nb.cells[2].metadata["cellView"] == "form"
    asked = [cell for cell in nb.cells if cell.source.startswith("predict(")]
    assert [dict(cell.metadata) for cell in asked] == [tool.HIDDEN]
    assert not set(nb.cells[-2].metadata)  # that cell only defines it
    assert set(nb.cells[1].metadata) == {"tags"}
    assert nb.metadata["colab"] == {"toc_visible": True} and "accelerator" not in nb.metadata
    assert on_gpu.metadata["accelerator"] == "GPU" and on_gpu.metadata["colab"]["toc_visible"]
    assert all_faults(project) == []


def test_nothing_is_stored_of_moved_seeds(project, monkeypatch, capsys):
    monkeypatch.setenv("GAN_SEED_OFFSET", "10007")
    assert tool.build(project) == 1 and not (project / "notebooks" / "01_x.ipynb").exists()
    assert "GAN_SEED_OFFSET is set" in capsys.readouterr().out
    monkeypatch.setenv("GAN_SEED_OFFSET", "0")
    assert tool.build(project) == 0


def test_one_failure_of_several_stops_no_other(project, capsys):
    source, path = tool.pairs(project)[0]
    for number, last in (("02", "1 / 0"), ("03", "import os; os._exit(1)"), ("04", "print('fine')")):
        text = SOURCE.replace("01_x", f"{number}_x") + f"\n# %%\n{last}\n"
        source.with_name(f"{number}_x.py").write_text(text)
    assert tool.build(project, jobs=2) == 2
    printed = capsys.readouterr().out
    assert re.search(r"(?m)^02_x: FAILED, the old outputs stay\n(.*\n)*?.*ZeroDivisionError", printed)
    assert re.search(r"(?m)^03_x: FAILED", printed) and re.search(r"(?m)^04_x: \d+ s$", printed)
    assert sorted(p.name for p in path.parent.glob("*.ipynb")) == ["01_x.ipynb", "04_x.ipynb"]


def test_the_contact_sheet_shows_every_picture_once(tmp_path):
    def png(colour, size):
        buffer = io.BytesIO()
        Image.new("RGB", size, colour).save(buffer, "PNG")
        return new_output("display_data", {"image/png": base64.b64encode(buffer.getvalue()).decode()})

    film = io.BytesIO()
    frames = [Image.new("RGB", (40, 20), colour) for colour in ("white", "blue")]
    frames[0].save(film, "GIF", save_all=True, append_images=frames[1:])
    page = f'<img alt="x" src="data:image/gif;base64,{base64.b64encode(film.getvalue()).decode()}">'
    cells = [
        new_code_cell("", outputs=[png("red", (40, 40)), png("lime", (40, 20))]),
        new_code_cell("", outputs=[new_output("display_data", {"text/html": page})]),
    ]
    tool.contact_sheet(new_notebook(cells=cells), tmp_path / "sheet.png", columns=2, width=100)
    sheet = Image.open(tmp_path / "sheet.png")
    assert sheet.size == (240, 130 + 80)
    colours = dict((colour, count) for count, colour in sheet.getcolors(10**6))
    assert [colours[c] for c in ((255, 0, 0), (0, 255, 0), (0, 0, 255))] == [10_000, 5_000, 5_000]
    assert sheet.getpixel((60, 75)) == (255, 0, 0) and sheet.getpixel((60, 180)) == (0, 0, 255)


def test_lesson_executes_one_writes_minutes_and_shows_its_pictures(course, capsys):
    assert tool.build(course) == 0
    capsys.readouterr()
    assert tool.lesson(course, "01") == 0
    printed = capsys.readouterr().out
    assert "at a time: 01_x\n" in printed and "## 1 One (1 min)" in tool.pairs(course)[0][0].read_text()
    sheet = Path(re.search(r"all pictures: (\S+)", printed)[1])
    assert Image.open(sheet).size[1] > 500 and course not in sheet.parents
    assert tool.lesson(course, "07") == 1 and "no notebook is called 07" in capsys.readouterr().out


@pytest.mark.parametrize("folder", ["", "deeper/"])
def test_jupytext_pairs_lessons_and_deeper_notebooks(folder):
    book, text = f"notebooks/{folder}01_x.ipynb", f"notebooks/source/{folder}01_x.py"
    config = load_jupytext_config(str(ROOT / book))
    for path in (book, text):
        formats = long_form_multiple_formats(config.default_formats(str(ROOT / path)))
        mine = next(f for f in formats if path.endswith(f["extension"]))
        assert [p for p, _ in paired_paths(path, mine, formats)] == [book, text]


def test_badges_are_rewritten_everywhere_from_one_place(project):
    assert tool.build(project, []) == 0
    source, path = tool.pairs(project)[0]
    toml = project / "pyproject.toml"
    toml.write_text(toml.read_text().replace("some/repo", "new-owner/new.name").replace("1.2", "1.3.0"))
    assert any("badge" in f for f in tool.faults_of(source, path, project))
    tool.badges(project)
    assert tool.faults_of(source, path, project) == []  # and nothing had to be executed again
    for file in (source, path, project / "README.md"):
        assert "some/repo" not in file.read_text() and "new-owner/new.name" in file.read_text()
    for file in (source, path):
        assert "git+https://github.com/new-owner/new.name@v1.3.0" in file.read_text()


def test_readme_links_agree_with_the_repository():
    text = (ROOT / "README.md").read_text()
    assert tool.rewrite(text, tool.address()) == text
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
    assert run("check") == 0 and capsys.readouterr().out.count("\n") == 2
    assert run("badges") == 0 and capsys.readouterr().out == ""
    assert run("build", "--force", "01", "-j", "1") == 0 and "running, 1 at" in capsys.readouterr().out
    assert run("minutes") == 0 and run("minutes", "01") == 0 and run("lesson", "01") == 0
    for words in (["lesson"], ["lesson", "01", "02"], ["build", "01"]):
        with pytest.raises(SystemExit):
            run(*words)
