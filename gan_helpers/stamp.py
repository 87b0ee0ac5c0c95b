"""Digests of code by what it does: no comment, docstring, annotation, print or refusal counts, and no place.

`code` collects the functions, classes and constants that some statements use, of whatever module and through
whatever other module, and writes them as one text in a normal form; `digest` is short for it. Names decide
what is used: methods come with their class, a module that is handed on as a whole comes whole. Not seen are
names in strings (`getattr(x, "name")` of an object, code for `exec`).
"""

from __future__ import annotations

import ast
import copy
import hashlib
import re
from collections.abc import Iterable, Sequence
from functools import lru_cache
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
FOLDERS = ("", "benchmarks")  # where modules of our own lie, below the root
# These draw, speak, keep files and fetch files whose content is known; they change no number.
SILENT = {"plots", "live", "notebook", "evidence", "stamp", "machine", "checks", "records", "recorder"}
SILENT |= {"_files", "download"}
TOLD = {"load_images"}  # which images these were, the record says


def cell_digests(cells: Sequence[str], root: Path = ROOT) -> list[str]:
    """One digest per code cell, of its statements and of all that they use; "" for an empty cell.

    What a name stands for is read from the imports of the cells so far.
    """
    found, names = [], {}
    for text in cells:
        tree = parsed(text)
        names |= imports(tree)
        found.append(digest(code(tree.body, names, root)) if text.strip() else "")
    return found


def digest(text: str) -> str:
    """Twelve characters for the syntax tree of `text`: comments and formatting do not count."""
    return hashlib.sha256(_dump(ast.parse(text)).encode()).hexdigest()[:12]


def _dump(node: object) -> str:
    """A syntax tree as text that every version of Python writes alike (`ast.dump` does not)."""
    if isinstance(node, ast.AST):
        fields = [
            (k, v) for k, v in ast.iter_fields(node) if v not in (None, []) and k not in ("ctx", "kind")
        ]
        return f"{type(node).__name__}({','.join(f'{k}={_dump(v)}' for k, v in fields)})"
    return f"[{','.join(map(_dump, node))}]" if isinstance(node, list) else repr(node)


def code(body: Sequence[ast.stmt], names: dict[str, str], root: Path = ROOT) -> str:
    """The statements, and after them the definitions of all that they use, sorted, in a normal form.

    names: {name: what it stands for}, as from `imports`. Raises OSError and SyntaxError for broken modules.
    """
    uses: list[tuple[str, str | None]] = []
    first = _normal(body, names, root, uses)
    seen, definitions = set(), {}
    while uses:
        module, name = used = uses.pop()
        if used in seen:
            continue
        seen.add(used)
        own, there = parts_of(module, root)
        there = there | {other: f"{module}:{other}" for other in own}
        if name is None:
            uses += [(module, other) for other in own]
        elif name in own:
            definitions[name, _normal(own[name], there, root, uses)] = module
        elif name in there:  # handed on from another module
            found = locate(there[name], [], root)
            uses += [found[:2]] if found else []
    parts = [f"# {module}\n{text}" for (_, text), module in sorted(definitions.items())]
    return "\n\n".join([first, *parts]) + "\n"


def parsed(text: str) -> ast.Module:
    """The syntax tree of a cell; magics count as nothing, and what is no Python as a string."""
    try:
        return ast.parse(re.sub(r"(?m)^(\s*)[%!].*$", r"\1pass", text))
    except SyntaxError:
        return ast.Module([ast.Assign([ast.Name("_", ast.Store())], ast.Constant(text), lineno=0)], [])


def imports(tree: ast.AST) -> dict[str, str]:
    """{name: "module" or "module:name"} of everything that is imported anywhere in the tree."""
    found = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module:
            found |= {a.asname or a.name: f"{node.module}:{a.name}" for a in node.names}
        elif isinstance(node, ast.Import):
            found |= {a.asname or a.name.split(".")[0]: a.name if a.asname else a.name.split(".")[0]
                      for a in node.names}  # fmt: skip
    return found


def defined(tree: ast.Module) -> dict[str, list[ast.stmt]]:
    """{name: the statements at the top of a module that make or change it}."""
    found: dict[str, list[ast.stmt]] = {}
    for node in tree.body:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            names = {node.name}
        elif isinstance(node, ast.Import | ast.ImportFrom) or (
            isinstance(node, ast.If) and "__main__" in ast.unparse(node)
        ):
            names = set()
        else:
            targets = getattr(node, "targets", [getattr(node, "target", node)])
            names = {n.id for t in targets for n in ast.walk(t) if isinstance(n, ast.Name)}
        for name in names:
            found.setdefault(name, []).append(node)
    return found


def locate(full: str, parts: Sequence[str], root: Path) -> tuple[str, str | None, list[str]] | None:
    """(module, name in it, further attributes) of an imported name and its attributes.

    None if it is not ours, or changes no number; no name if the module is used as a whole.
    """
    module, _, name = full.partition(":")
    parts = [name, *parts] if name else list(parts)
    while path_of(module, root) and not SILENT & set(module.split(".")) and not TOLD & set(parts):
        own, there = parts_of(module, root)
        if not parts or parts[0] in own or parts[0] in there:
            return module, parts[0] if parts else None, parts[1:]
        module = f"{module}.{parts.pop(0)}"
    return None


def path_of(module: str, root: Path) -> Path | None:
    """The file of a module of our own; where the package is installed, all others lie beside it."""
    for folder in FOLDERS:
        if not folder and module.split(".")[0] != "gan_helpers":
            continue
        stem = root.joinpath(folder, *module.split("."))
        for path in (stem / "__init__.py", stem.with_suffix(".py")):
            if path.is_file():
                return path
    return None


def parts_of(module: str, root: Path) -> tuple[dict[str, list[ast.stmt]], dict[str, str]]:
    """What a module of our own defines, and what it imports."""
    path = path_of(module, root)
    return _read(path, path.stat().st_mtime_ns, path.stat().st_size)


@lru_cache(maxsize=200)
def _read(path: Path, *state: int) -> tuple[dict[str, list[ast.stmt]], dict[str, str]]:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    return defined(tree), imports(tree)


def _normal(body: Iterable[ast.stmt], names: dict[str, str], root: Path, uses: list) -> str:
    """Statements as text in a normal form; what they use of our modules is added to `uses`."""
    made = [Normal(names, root, uses).visit(copy.deepcopy(node)) for node in body]
    return "\n".join(ast.unparse(ast.fix_missing_locations(node)) for node in made if node is not None)


class Normal(ast.NodeTransformer):
    """Removes what does not compute, and writes every imported name in full; our own without their module."""

    def __init__(self, names: dict[str, str], root: Path, uses: list):
        self.names, self.root, self.uses = names, root, uses

    def visit(self, node: ast.AST) -> ast.AST | None:
        if isinstance(node, ast.Import | ast.ImportFrom):
            return None
        if isinstance(node, ast.Expr) and (
            isinstance(node.value, ast.Constant) or _calls(node.value, "print")
        ):
            return None  # docstrings, prints
        if _refuses(node) and not any(isinstance(n, ast.NamedExpr) for n in ast.walk(node)):
            return None  # it changes nothing for whom it lets pass
        if isinstance(node, ast.Raise) and isinstance(node.exc, ast.Call):
            node.exc = node.exc.func  # without its words
        if isinstance(node, ast.AnnAssign):
            node.annotation = ast.Constant("")  # the field stays, its kind computes nothing
        if isinstance(node, ast.Name | ast.Attribute):
            return self.name(node)
        outer = self.names
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
            args = node.args
            args.defaults = [self.visit(value) for value in args.defaults]
            args.kw_defaults = [value and self.visit(value) for value in args.kw_defaults]
            for arg in (n for n in ast.walk(args) if isinstance(n, ast.arg)):
                arg.annotation = None
            if not isinstance(node, ast.Lambda):
                node.returns, node.decorator_list = None, [self.visit(d) for d in node.decorator_list]
            hidden = _bound(node)  # what a function binds itself is not what the module calls so
            self.names = {name: full for name, full in outer.items() if name not in hidden}
            if isinstance(node, ast.Lambda):
                node.body = self.visit(node.body)
            else:
                node.body = [made for made in map(self.visit, node.body) if made is not None]
        else:
            node = self.generic_visit(node)
        self.names = outer
        if getattr(node, "body", None) == []:
            node.body = [ast.Pass()]
        return node

    def name(self, node: ast.Name | ast.Attribute) -> ast.AST:
        """`training.play` and `play` become `play`, and F.softplus becomes torch.nn.functional.softplus."""
        parts, base = [], node
        while isinstance(base, ast.Attribute):
            parts.insert(0, base.attr)
            base = base.value
        if not isinstance(base, ast.Name):
            return self.generic_visit(node)
        if not isinstance(base.ctx, ast.Load) or base.id not in self.names:
            return node
        full = self.names[base.id]
        if found := locate(full, parts, self.root):
            module, name, rest = found
            self.uses.append((module, name))
            parts = [name or module.split(".")[-1], *rest]
        else:
            parts = [*full.replace(":", ".").split("."), *parts]
        base = ast.Name(parts[0], ast.Load())
        for part in parts[1:]:
            base = ast.Attribute(base, part, ast.Load())
        if isinstance(node, ast.Attribute) and isinstance(base, ast.Attribute):
            base.ctx = node.ctx
        return base


def _refuses(node: ast.AST) -> bool:
    only = isinstance(node, ast.If) and not node.orelse and all(isinstance(n, ast.Raise) for n in node.body)
    return only or isinstance(node, ast.Assert)


def _calls(node: ast.AST, name: str) -> bool:
    return isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == name


def _bound(node: ast.AST) -> set[str]:
    """The names that a function binds: its parameters, and what it assigns, inner functions aside."""
    found = {n.arg for n in ast.walk(node.args) if isinstance(n, ast.arg)}
    queue = list(node.body) if isinstance(node.body, list) else [node.body]
    while queue:
        inner = queue.pop()
        if isinstance(inner, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            found.add(inner.name)
        elif not isinstance(inner, ast.Lambda):
            if isinstance(inner, ast.Name) and isinstance(inner.ctx, ast.Store):
                found.add(inner.id)
            queue += ast.iter_child_nodes(inner)
    return found
