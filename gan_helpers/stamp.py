"""Digests of code by what it does: the syntax tree without docstrings, and the helpers that it calls."""

from __future__ import annotations

import ast
import hashlib
import re
from collections.abc import Iterable, Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
SILENT = {"plots", "evidence", "stamp", "notebook", "machine", "live", "checks"}  # they draw and speak


def cell_digests(cells: Sequence[str], root: Path = ROOT) -> list[str]:
    """One digest per code cell, of its code and of the helper functions that it uses; "" for an empty cell.

    What a name stands for is read from the imports of the cells so far. `root` holds the folder gan_helpers.
    """
    found, imports = [], {}
    for text in cells:
        tree = parsed(text)
        imports |= imported(tree)
        parts = [ast.dump(tree), *helpers(used(tree, imports), root)]
        found.append(digest_of(parts) if text.strip() else "")
    return found


def digest_of(parts: Iterable[str]) -> str:
    """A short digest of some texts, in order."""
    digest = hashlib.sha256()
    for part in parts:
        digest.update(part.encode() + b"\0")
    return digest.hexdigest()[:12]


def parsed(text: str) -> ast.Module:
    """The syntax tree without docstrings; magics count as nothing, and what is no Python as a string."""
    try:
        tree = ast.parse(re.sub(r"(?m)^(\s*)[%!].*$", r"\1pass", text))
    except SyntaxError:
        return ast.Module([ast.Expr(ast.Constant(text))], [])
    for node in ast.walk(tree):
        if (
            isinstance(node, ast.FunctionDef | ast.ClassDef | ast.Module)
            and ast.get_docstring(node) is not None
        ):
            node.body = node.body[1:] or [ast.Pass()]
    return tree


def imported(tree: ast.AST) -> dict[str, str]:
    """{local name: full dotted name} of everything that comes from gan_helpers."""
    names = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] == "gan_helpers":
            names |= {a.asname or a.name: f"{node.module}.{a.name}" for a in node.names}
        elif isinstance(node, ast.Import):
            own = [a for a in node.names if a.name.split(".")[0] == "gan_helpers"]
            names |= {a.asname or "gan_helpers": a.name if a.asname else "gan_helpers" for a in own}
    return names


def used(tree: ast.AST, imports: dict[str, str]) -> set[str]:
    """The full dotted names of what the tree uses of the imports."""
    found = set()
    for node in ast.walk(tree):
        parts = []
        while isinstance(node, ast.Attribute):
            parts.insert(0, node.attr)
            node = node.value
        if isinstance(node, ast.Name) and node.id in imports:
            found.add(".".join([imports[node.id], *parts]))
    return found


def helpers(names: Iterable[str], root: Path) -> list[str]:
    """The code of the functions, classes and constants of these names, and of all that they use, sorted."""
    queue, seen, code = list(names), set(), set()
    while queue:
        path, name = place(queue.pop(), root)
        module = ".".join(path.relative_to(root).with_suffix("").parts).removesuffix(".__init__")
        if name is None or (path, name) in seen or SILENT & set(module.split(".")):
            continue
        seen.add((path, name))
        tree = parsed(path.read_text())
        imports, own = imported(tree), definitions(tree)
        if name in imports:  # handed on from another module
            queue.append(imports[name])
        for node in own.get(name, []):
            code.add(f"{module}.{name}: {ast.dump(node)}")
            queue += used(node, imports | {other: f"{module}.{other}" for other in own})
    return sorted(code)


def place(name: str, root: Path) -> tuple[Path, str | None]:
    """(file, name in it) of a full dotted name; None for a module itself, and for what is not found."""
    parts = name.split(".")
    for k in range(len(parts) - 1, 0, -1):
        stem = root.joinpath(*parts[:k])
        for path in (stem / "__init__.py", stem.with_suffix(".py")):
            if path.is_file():
                module = root.joinpath(*parts[: k + 1])
                is_module = module.with_suffix(".py").is_file() or (module / "__init__.py").is_file()
                return path, None if is_module else parts[k]
    return root, None


def definitions(tree: ast.Module) -> dict[str, list[ast.stmt]]:
    """{name: the statements at the top of a module that define it}."""
    found: dict[str, list[ast.stmt]] = {}
    for node in tree.body:
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            found.setdefault(node.name, []).append(node)
        elif isinstance(node, ast.Assign | ast.AnnAssign | ast.AugAssign):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            for name in {n.id for t in targets for n in ast.walk(t) if isinstance(n, ast.Name)}:
                found.setdefault(name, []).append(node)
    return found
