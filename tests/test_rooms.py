"""The package's architecture: imports go downwards only, and nobody reaches into another room's drawers."""

import ast
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parent.parent / "gan_helpers"
# From the ground floor up. A room imports from floors below its own; `data`, `networks`, `live` are folders.
FLOORS = (
    ("seeds", "_files", "stamp"),
    ("losses", "densities"),
    ("data", "networks", "training"),
    ("metrics", "checkpoints"),
    ("games", "judge", "records", "plots"),
    ("evidence", "live"),
    ("notebook", "machine", "speed", "processes"),
    ("checks",),
)
FLOOR = {room: k for k, rooms in enumerate(FLOORS) for room in rooms}
MODULES = sorted(path for path in PACKAGE.rglob("*.py") if path != PACKAGE / "__init__.py")


def room(path: Path) -> str:
    """The room that a file belongs to: its own name, or that of its folder."""
    return path.relative_to(PACKAGE).with_suffix("").parts[0]


def imports(path: Path):
    """(module, name) of everything that a file takes from the package, wherever in the file."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.ImportFrom):
            module = "gan_helpers.checks" if node.level else node.module
            for alias in node.names:
                if module == "gan_helpers":
                    yield alias.name, None
                elif module.startswith("gan_helpers."):
                    yield module.removeprefix("gan_helpers."), alias.name
        elif isinstance(node, ast.Import):
            for alias in node.names:
                assert not alias.name.startswith("gan_helpers"), (
                    f"{path.name}: write from gan_helpers import …"
                )


def faults(path: Path, own: str) -> list[str]:
    found = []
    for module, name in imports(path):
        other = module.split(".")[0]
        if other not in FLOOR:
            found.append(f"{other} stands on no floor")
        elif other != own and FLOOR[other] >= FLOOR[own]:
            found.append(f"{own} imports {other}, which does not stand below it")
        if name and name.startswith("_"):
            found.append(f"{own} takes the private {name} of {module}")
    return found


def test_every_room_has_a_floor():
    assert {room(path) for path in MODULES} <= FLOOR.keys()


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_imports_go_downwards_and_take_nothing_private(path):
    assert faults(path, room(path)) == []


def test_each_fault_is_found(tmp_path):
    path = tmp_path / "x.py"
    for text, own, fault in (
        ("from gan_helpers.training import play", "losses", "does not stand below"),
        ("from gan_helpers import training", "losses", "does not stand below"),
        ("def f():\n    from gan_helpers.games import Game", "data", "does not stand below"),
        ("from gan_helpers.seeds import _draw", "losses", "private _draw"),
        ("from gan_helpers.attic import box", "losses", "no floor"),
    ):
        path.write_text(text)
        assert any(fault in found for found in faults(path, own)), text
