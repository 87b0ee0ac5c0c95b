"""A digest of code changes when what is computed can change, and not otherwise."""

import ast

import pytest

from gan_helpers import stamp

TRAINING = '''
"""A module."""
import math
from torch.nn import functional as F
from gan_helpers.tools import halve as half
from gan_helpers import tools

RATE = 0.5
TABLE = {}
TABLE["one"] = 1


def step(x):
    """Docs."""
    if x is None:
        raise ValueError("a number, please")
    return half(x) * RATE + tools.offset(x) + F.relu(x)


def unused(x):
    return 3 * x


class Game:
    speed: int = 1

    def play(self, x):
        return table() + self.again(x)

    def again(self, x):
        return x


def table():
    return TABLE["one"]
'''
TOOLS = """
SCALE = 2
LIMIT = 5


def halve(x):
    return x / SCALE


def offset(x, LIMIT=LIMIT):
    return x + LIMIT


def other(x):
    return 7
"""
CELL = """
from gan_helpers.training import step
from gan_helpers import training
y = step(3) + training.Game().play(2)
"""


@pytest.fixture
def digest(tmp_path):
    """The digest of a cell beside these two modules, each with one piece of text replaced."""

    def digest(old="", new="", module="training", cell=CELL, files=None):
        texts = {"training": TRAINING, "tools": TOOLS, "__init__": ""} | (files or {})
        assert old in texts[module]
        texts[module] = texts[module].replace(old, new) if old else texts[module]
        for name, text in texts.items():
            path = tmp_path / "gan_helpers" / f"{name}.py"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        stamp._read.cache_clear()
        return stamp.cell_digests([cell], tmp_path)[0]

    return digest


SAME = {
    "docstring": ('"""Docs."""', '"""Other words.\n\n    And more."""'),
    "comment and line breaks": ("return half(x) * RATE", "# why\n    return half(x)*RATE"),
    "words of an error": ("a number, please", "no number"),
    "a refusal more": ("    return half", "    if x == 7:\n        raise TypeError\n    return half"),
    "annotation": ("def step(x):", "def step(x: float) -> float:"),
    "the kind of a field": ("speed: int = 1", "speed: float = 1"),
    "uncalled function": ("return 3 * x", "return 4 * x"),
    "uncalled function gone": ("def unused(x):\n    return 3 * x\n", ""),
    "another name for an import": (
        "halve as half\nfrom gan_helpers import tools",
        "halve as half\nfrom gan_helpers import tools as tools",
    ),
}
DIFFERENT = {
    "variable": ("def step(x):", "def step(z):"),
    "constant": ("RATE = 0.5", "RATE = 0.6"),
    "operation": ("* RATE", "/ RATE"),
    "class attribute": ("speed: int = 1", "speed: int = 2"),
    "method of a class that is made": ("return x\n\n\ndef table", "return -x\n\n\ndef table"),
    "function called by a method": ('return TABLE["one"]', 'return -TABLE["one"]'),
    "entry of a table": ('TABLE["one"] = 1', 'TABLE["one"] = 2'),
    "another function of a library": ("functional as F", "init as F"),
    "another function of ours": ("import halve as half", "import other as half"),
    "a refusal that keeps what it looked at": (
        "    return half",
        "    if (x := x + 1) == 7:\n        raise TypeError\n    return half",
    ),
    "a decorator": ("def step(x):", "@math.floor\ndef step(x):"),
}
TOOLS_SAME = {"uncalled helper": ("return 7", "return 8")}
TOOLS_DIFFERENT = {
    "called helper": ("return x / SCALE", "return x / SCALE / 1"),
    "called by its module": ("return x + LIMIT", "return x - LIMIT"),
    "constant of a helper": ("SCALE = 2", "SCALE = 3"),
    "default of a parameter that is called like it": ("LIMIT = 5", "LIMIT = 6"),
}


@pytest.mark.parametrize("name", SAME)
def test_what_computes_nothing_does_not_count(digest, name):
    assert digest(*SAME[name]) == digest()


@pytest.mark.parametrize("name", DIFFERENT)
def test_what_computes_counts(digest, name):
    assert digest(*DIFFERENT[name]) != digest()


@pytest.mark.parametrize("name", TOOLS_SAME | TOOLS_DIFFERENT)
def test_helpers_count_if_they_are_called(digest, name):
    changed = digest(*(TOOLS_SAME | TOOLS_DIFFERENT)[name], module="tools")
    assert (changed == digest()) == (name in TOOLS_SAME)


def test_a_move_to_another_module_does_not_count(digest):
    before = digest()
    moved = TRAINING.replace("gan_helpers.tools import halve", "gan_helpers.attic import halve")
    halve = "def halve(x):\n    return x / SCALE\n"
    files = {"training": moved, "attic": "SCALE = 2\n" + halve, "tools": TOOLS.replace(halve, "")}
    assert digest(files=files) == before
    assert digest(files=files | {"attic": "SCALE = 3\n" + halve}) != before


def test_a_package_that_hands_on_a_function_called_like_its_module(digest, tmp_path):
    (tmp_path / "gan_helpers" / "nets").mkdir(parents=True)
    (tmp_path / "gan_helpers" / "nets" / "__init__.py").write_text("from gan_helpers.nets.mlp import mlp\n")
    seen = []
    for size in (3, 4):
        (tmp_path / "gan_helpers" / "nets" / "mlp.py").write_text(f"def mlp():\n    return {size}\n")
        cells = "from gan_helpers.nets import mlp\nmlp()", "from gan_helpers import nets\nnets.mlp()"
        seen += [digest(cell=cell) for cell in cells]
    assert seen[0] == seen[1] != seen[2] == seen[3]


def test_a_module_that_is_handed_on_counts_as_a_whole(digest):
    cell = "from gan_helpers import tools\nwork(tools)"
    assert digest("return 7", "return 8", module="tools", cell=cell) != digest(cell=cell)
    hidden = (
        "from gan_helpers import tools\ndef work(tools):\n    return tools"  # a parameter of the same name
    )
    assert digest("return 7", "return 8", module="tools", cell=hidden) == digest(cell=hidden)


def test_what_only_draws_and_speaks_does_not_count(digest):
    cell = "from gan_helpers import plots\nplots.show(3)"
    draw = {"plots": "def show(x):\n    return x\n"}
    assert digest(cell=cell, files=draw) == digest(
        cell=cell, files={"plots": "def show(x):\n    return -x\n"}
    )


def test_cells_know_the_imports_of_the_cells_before(tmp_path, digest):
    first, second = "from gan_helpers.training import step", "step(1)"
    digest()
    before = stamp.cell_digests([first, second, "%matplotlib inline", "", "no python :"], tmp_path)
    digest("RATE = 0.5", "RATE = 0.6")
    after = stamp.cell_digests([first, second, "%matplotlib inline", "", "no python :"], tmp_path)
    assert [a == b for a, b in zip(before, after, strict=True)] == [True, False, True, True, True]
    assert before[3] == "" and len(set(before)) == 5


def test_the_text_of_the_code_has_the_digest_of_the_code(digest, tmp_path):
    digest()
    tree = ast.parse(CELL)
    text = stamp.code(tree.body, stamp.imports(tree), tmp_path)
    assert stamp.digest(text) == stamp.digest(text.replace("# gan_helpers.tools", "# elsewhere")) == digest()
    for said in ("def step(x):", "halve(x) * RATE + offset(x) + torch.nn.functional.relu(x)", "SCALE = 2"):
        assert said in text
    assert "unused" not in text and "please" not in text and "Docs" not in text


def test_the_digest_does_not_hang_on_the_version_of_python():
    assert (
        stamp.digest("def f(x, *a, k=1):\n    return [f'{x!r:>3}', None, 0, False, x if a else -1.5]")
        == "781b85b3c160"
    )


def test_what_is_installed_beside_the_package_is_not_our_own(tmp_path):
    """As on Colab: site-packages holds gan_helpers and everything else."""
    for name in ("gan_helpers", "torch"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "__init__.py").write_text("def f(x):\n    return x\n")
    cell = "from gan_helpers import f\nimport torch\ntorch.f(f(1))\n"
    before = stamp.cell_digests([cell], tmp_path)
    (tmp_path / "torch" / "__init__.py").write_text("def f(x):\n    return -x\n")
    assert stamp.cell_digests([cell], tmp_path) == before
    (tmp_path / "gan_helpers" / "__init__.py").write_text("def f(x):\n    return x + 1\n")
    assert stamp.cell_digests([cell], tmp_path) != before
