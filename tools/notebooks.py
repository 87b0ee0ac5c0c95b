"""Make the notebooks from their text, look for faults in them, and keep their links to the repository.

build   execute the sources that changed, from a clean kernel, and store the outputs
check   print every fault of the committed notebooks; exit status 1 if there is one
badges  write the repository's address of pyproject.toml into every badge and install line
"""

from __future__ import annotations

import argparse
import ast
import base64
import getpass
import hashlib
import json
import os
import re
import socket
import sys
import time
import tomllib
from pathlib import Path

import jupytext
import nbformat
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError
from nbformat import NotebookNode

ROOT = Path(__file__).resolve().parent.parent
KERNEL = {"display_name": "Python 3 (ipykernel)", "language": "python", "name": "python3"}
WIDGET = "application/vnd.jupyter.widget-view+json"
MAX_BYTES, MAX_GIF, MAX_LINES = 1_500_000, 600_000, 40
OWNER = r"[\w.-]+/[\w.-]+?"
BADGE = re.compile(rf"(colab\.research\.google\.com/github/)({OWNER})(/blob/main/notebooks/)([\w.-]+\.ipynb)")
INSTALL = re.compile(rf"(git\+https://github\.com/)({OWNER})(?=[\"'\s\\#]|$)")
LEAK = (
    r"(?<![\w./])(?:/(?:home|root|Users|tmp|work|mnt|opt|usr|var|private)/[\w.-]+|[A-Z]:\\+Users)"
    r"|site-packages"
)


# --- what a notebook depends on ---------------------------------------------------------------


def slug(root: Path = ROOT) -> str:
    """Return owner/name of the repository, from the one place that holds it."""
    project = tomllib.loads((root / "pyproject.toml").read_text())["project"]
    return project["urls"]["Repository"].removeprefix("https://github.com/").strip("/")


def package_files(text: str, root: Path = ROOT) -> list[Path]:
    """Return the gan_helpers files that this Python text imports, and those that they import."""
    found, queue = set(), [text]
    while queue:
        for node in ast.walk(ast.parse(re.sub(r"(?m)^\s*[%!].*$", "", queue.pop()))):
            names = []
            if isinstance(node, ast.Import):
                names = [alias.name for alias in node.names]
            elif isinstance(node, ast.ImportFrom) and node.module:
                names = [node.module, *(f"{node.module}.{alias.name}" for alias in node.names)]
            for name in names:
                if name.split(".")[0] != "gan_helpers":
                    continue
                parts = name.split(".")
                for k in range(1, len(parts) + 1):
                    stem = root.joinpath(*parts[:k])
                    for path in (stem.with_suffix(".py"), stem / "__init__.py"):
                        if path.is_file() and path not in found:
                            found.add(path)
                            queue.append(path.read_text())
    return sorted(found)


def stamp(source: Path, root: Path = ROOT) -> str:
    """Return a digest of all that a notebook's outputs depend on: text, imported helpers, lock."""
    text = INSTALL.sub(r"\1", BADGE.sub(r"\1\3\4", source.read_text()))  # a new address changes no output
    digest = hashlib.sha256(text.encode())
    for path in [*package_files(text, root), root / "requirements.lock"]:
        digest.update(path.relative_to(root).as_posix().encode() + path.read_bytes())
    return digest.hexdigest()[:16]


def pairs(root: Path = ROOT) -> list[tuple[Path, Path]]:
    """Return (source, notebook) of every notebook; either file may be missing."""
    folder = root / "notebooks"
    stems = {p.stem for p in folder.glob("*.ipynb")} | {p.stem for p in folder.glob("source/*.py")}
    return [(folder / "source" / f"{s}.py", folder / f"{s}.ipynb") for s in sorted(stems)]


# --- build ------------------------------------------------------------------------------------


def collapse(text: str) -> str:
    """Return what a terminal would show of text with carriage returns (progress bars)."""
    lines = (line.rstrip("\r").rsplit("\r", 1)[-1] for line in text.split("\n"))
    return "\n".join(line.rstrip() if "\r" in text else line for line in lines)


def clean(nb: NotebookNode) -> NotebookNode:
    """Remove what must not be stored: progress-bar residue, dead widgets, timings, random cell ids."""
    for k, cell in enumerate(nb.cells):
        cell.id = f"cell-{k:03d}"
        cell.metadata = {key: value for key, value in cell.metadata.items() if key == "tags"}
        outputs = []
        for out in cell.get("outputs", []):
            if out.output_type == "stream" and outputs and outputs[-1].get("name") == out.name:
                outputs[-1].text += out.text
                continue
            if WIDGET in out.get("data", {}):
                out.data = {"text/plain": "[interactive: run this cell in JupyterLab or Colab]"}
            outputs.append(out)
        for out in outputs:
            if out.output_type == "stream":
                out.text = collapse(out.text)
        if cell.cell_type == "code":
            cell.outputs = [o for o in outputs if o.output_type != "stream" or o.text.strip()]
    language = {"name": "python", "file_extension": ".py", "mimetype": "text/x-python"}
    nb.metadata = {"kernelspec": KERNEL, "language_info": {**language, "pygments_lexer": "ipython3"}}
    return nb


def head_picture(nb: NotebookNode) -> tuple[str, bytes] | None:
    """Return (suffix, bytes) of the first picture of the cell tagged head-picture."""
    for cell in nb.cells:
        if "head-picture" in cell.metadata.get("tags", []):
            for out in cell.outputs:
                data = out.get("data", {})
                if "image/png" in data:
                    return "png", base64.b64decode(data["image/png"])
                if found := re.search(r"data:image/gif;base64,([\w+/=]+)", data.get("text/html", "")):
                    return "gif", base64.b64decode(found[1])
    return None


def write(path: Path, data: bytes) -> None:
    """Write a file at once: an interrupted build leaves the old file, whole."""
    path.parent.mkdir(exist_ok=True)
    part = path.with_suffix(".part")
    part.write_bytes(data)
    part.replace(path)


def build(root: Path, force: list[str]) -> int:
    """Execute what changed, or only the names in `force`, changed or not; return the number of failures."""
    failures = 0
    for source, path in pairs(root):
        if force and not any(source.name.startswith(name) for name in force):
            continue
        if not source.exists():
            print(f"{path.name}: no source in notebooks/source – remove the notebook or restore its text")
            failures += 1
            continue
        wanted = stamp(source, root)
        if path.exists() and not force:
            if nbformat.read(path, as_version=4).metadata.get("stamp") == wanted:
                print(f"{source.stem}: up to date")
                continue
        nb = jupytext.read(source)
        nb.metadata = {"kernelspec": KERNEL}
        start = time.monotonic()
        print(f"{source.stem}: running …", end=" ", flush=True)
        try:
            resources = {"metadata": {"path": str(root / "notebooks")}}
            NotebookClient(nb, timeout=900, kernel_name="python3", resources=resources).execute()
        except CellExecutionError as error:
            print(f"FAILED, the old outputs stay\n{error}")
            failures += 1
            continue
        nb = clean(nb)
        if names := own_names(nb):
            print(f"FAILED, the old outputs stay: they name this machine or its user: {names}")
            failures += 1
            continue
        nb.metadata["stamp"] = wanted
        write(path, (nbformat.writes(nb) + "\n").encode())
        if picture := head_picture(nb):
            write(root / "notebooks" / "images" / f"{source.stem}.{picture[0]}", picture[1])
        print(f"{time.monotonic() - start:.0f} s")
    return failures


def own_names(nb: NotebookNode) -> list[str]:
    """The names of this machine and its user that the outputs hold; looked for where they are made only."""
    try:
        names = {socket.gethostname(), getpass.getuser()}
    except (KeyError, OSError):  # a user id without a name
        names = {socket.gethostname()}
    names = [n for n in names - {"root", "user", "runner", "localhost"} if len(n) > 3]
    text = "\n".join(text_of(out) for cell in nb.cells for out in cell.get("outputs", []))
    return sorted(n for n in names if re.search(rf"\b{re.escape(n)}\b", text))


# --- check ------------------------------------------------------------------------------------


def text_of(out: NotebookNode) -> str:
    """Return the readable text of one output."""
    data = out.get("data", {})
    text = out.get("text", "") + "".join(str(v) for k, v in data.items() if not k.startswith("image/"))
    return re.sub(r"base64,[\w+/=\\\s]+", "", text)


def output_faults(nb: NotebookNode) -> list[str]:
    """Name what is wrong with the stored outputs."""
    faults = []
    code = [c for c in nb.cells if c.cell_type == "code" and c.source.strip()]
    counts = [c.execution_count for c in code]
    if counts != list(range(1, len(code) + 1)):
        faults.append(f"execution counts are {counts}, not 1..{len(code)}: run make notebooks")
    for k, cell in enumerate(nb.cells):
        for out in cell.get("outputs", []):
            text, data = text_of(out), out.get("data", {})
            if out.output_type == "error":
                faults.append(f"cell {k}: error output {out.ename}: {out.evalue[:80]}")
            if out.get("name") == "stderr" or re.search(r"\b[A-Z]\w*Warning\b: ", text):
                faults.append(f"cell {k}: a warning in the output: {text.strip()[:80]!r}")
            if found := re.search(LEAK, text):
                faults.append(f"cell {k}: the output names a folder of this machine: {found[0]!r}")
            if "\r" in text:
                faults.append(f"cell {k}: progress-bar residue in the output")
            if WIDGET in data:
                faults.append(f"cell {k}: a dead widget in the output")
            for kind in data:
                if kind == "image/gif" or kind.startswith("video/"):
                    faults.append(f"cell {k}: nbconvert's HTML drops {kind}: use gan_helpers.plots.gif")
                elif kind.startswith("image/") and not out.metadata.get(kind, {}).get("alt"):
                    faults.append(f"cell {k}: a figure without alt text: use gan_helpers.plots.show")
            for tag in re.findall(r"<img\b[^>]*>", str(data.get("text/html", ""))):
                if not re.search(r"\balt=\"[^\"]+\"", tag):
                    faults.append(f"cell {k}: an animation without alt text")
                if len(tag) * 3 / 4 > MAX_GIF + 1000:
                    faults.append(f"cell {k}: an animation over {MAX_GIF // 1000} KB")
    return faults


def text_faults(nb: NotebookNode, folder: Path, name: str, repository: str) -> list[str]:
    """Name what is wrong with the text: links, pictures, badge, cell length, exercises."""
    faults = []
    prose = re.sub(r"(?s)```.*?```", "", "\n\n".join(c.source for c in nb.cells if c.cell_type == "markdown"))
    anchors = {h.strip().replace(" ", "-") for h in re.findall(r"(?m)^#+ +(.+)$", prose)}
    for alt, target in re.findall(r"!\[([^\]]*)\]\(([^)\s]+)", prose):
        if len(alt.split()) < 2:
            faults.append(f"a picture without alt text: {target}")
    for tag in re.findall(r"<img\b[^>]*>", prose):
        if not re.search(r"\balt=[\"'][^\"']+", tag):
            faults.append(f"a picture without alt text: {tag[:60]}")
    for target in re.findall(r"\]\(([^)\s]+)", prose) + re.findall(r"<img[^>]*src=[\"']([^\"']+)", prose):
        path, _, anchor = target.partition("#")
        if re.match(r"[a-z]+:", target):
            continue
        if path and not (folder / path).exists():
            faults.append(f"broken link: {target}")
        if not path and anchor not in anchors:
            faults.append(f"broken link: no heading for #{anchor}")
    badges = BADGE.findall("\n".join(c.source for c in nb.cells[:1]))
    if [(owner, file) for _, owner, _, file in badges] != [(repository, name)]:
        faults.append(f"the Colab badge must lead to {repository} and {name}: run make badges")
    setup = [c.source for c in nb.cells if "setup" in c.metadata.get("tags", [])]
    if len(setup) != 1:
        faults.append(f"{len(setup)} cells tagged setup, expected 1")
    elif [owner for _, owner in INSTALL.findall(setup[0])] != [repository]:
        faults.append(f"the install line must name {repository}: run make badges")
    for k, cell in enumerate(nb.cells):
        if cell.cell_type == "code" and len(cell.source.splitlines()) > MAX_LINES:
            faults.append(f"cell {k}: over {MAX_LINES} lines")
    for number in (e[0] for e in exercises(nb, faults)):
        if f"Exercise {number} ·" not in prose:
            faults.append(f"exercise {number}: no heading 'Exercise {number} · title'")
    return faults


def exercises(nb: NotebookNode, faults: list[str] | None = None) -> list[tuple[int, int, int, str]]:
    """Return (number, index of the stub, index of the check, solution) of each exercise."""
    found, faults = [], [] if faults is None else faults
    for k, cell in enumerate(nb.cells):
        for tag in cell.metadata.get("tags", []):
            if not (match := re.fullmatch(r"exercise-(\d+)", tag)):
                continue
            number = int(match[1])
            check = nb.cells[k + 1] if k + 1 < len(nb.cells) else None
            after = nb.cells[k + 2].source if k + 2 < len(nb.cells) else ""
            solution = re.search(r"(?s)<summary>Solution</summary>.*?```python\n(.*?)```", after)
            if check is None or f"check-{number}" not in check.metadata.get("tags", []):
                faults.append(f"exercise {number}: the cell after the stub is not tagged check-{number}")
            elif not solution:
                faults.append(f"exercise {number}: no folded solution in the cell after the check")
            elif not re.search(r"(?s)<summary>Hint.*</details>.*<summary>Solution</summary>", after):
                faults.append(f"exercise {number}: no folded hint")
            else:
                found.append((number, k, k + 1, solution[1]))
    numbers = [e[0] for e in found]
    if numbers != list(range(1, len(numbers) + 1)):
        faults.append(f"exercises are numbered {numbers}")
    return found


def disagreements(source: NotebookNode, nb: NotebookNode) -> list[str]:
    """Name the first cell in which a notebook and its text differ."""

    def view(book: NotebookNode) -> list[tuple]:
        return [(c.cell_type, c.source, sorted(c.metadata.get("tags", []))) for c in book.cells]

    one, two = view(source), view(nb)
    if one == two:
        return []
    k = next((k for k, (a, b) in enumerate(zip(one, two, strict=False)) if a != b), min(len(one), len(two)))
    return [f"source and notebook disagree from cell {k} on: run make notebooks"]


def faults_of(source: Path, path: Path, root: Path = ROOT) -> list[str]:
    """Return every fault of one notebook."""
    if not source.exists():
        return ["no source in notebooks/source"]
    if not path.exists():
        return ["not built yet: run make notebooks"]
    nb, text = nbformat.read(path, as_version=4), jupytext.read(source)
    faults = disagreements(text, nb)
    if nb.metadata.get("stamp") != stamp(source, root):
        faults.append("outputs are older than the source, an imported helper or the lock: run make notebooks")
    faults += output_faults(nb) + text_faults(nb, path.parent, path.name, slug(root))
    if path.stat().st_size > MAX_BYTES:
        faults.append(f"{path.stat().st_size / 1e6:.2f} MB is over {MAX_BYTES / 1e6} MB")
    try:
        nbformat.validate(json.loads(path.read_text()))
    except nbformat.ValidationError as error:
        faults.append(f"invalid notebook: {error.message[:80]}")
    return faults


# --- badges -----------------------------------------------------------------------------------


def rewrite(text: str, repository: str) -> str:
    """Return text with every badge and install line leading to the repository."""
    return INSTALL.sub(rf"\g<1>{repository}", BADGE.sub(rf"\g<1>{repository}\g<3>\g<4>", text))


def linked_files(root: Path = ROOT) -> list[Path]:
    """Return the files that hold badges or install lines."""
    return [
        root / "README.md",
        *sorted(root.glob("notebooks/*.ipynb")),
        *sorted(root.glob("notebooks/source/*.py")),
    ]


def badges(root: Path) -> None:
    """Rewrite the links of every notebook, source and the README."""
    for path in linked_files(root):
        text = path.read_text()
        if (new := rewrite(text, slug(root))) != text:
            write(path, new.encode())
            print(f"{path.relative_to(root)}: rewritten")


def main() -> int:
    ap = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    ap.add_argument("command", choices=["build", "check", "badges"])
    ap.add_argument(
        "--force", nargs="+", default=[], metavar="NAME", help="build: only these, changed or not"
    )
    ap.add_argument("--root", type=Path, default=ROOT, help=argparse.SUPPRESS)
    args = ap.parse_args()
    if args.command == "build":
        os.environ.setdefault("OMP_NUM_THREADS", "1")
        return int(build(args.root, args.force) > 0)
    if args.command == "badges":
        badges(args.root)
        return 0
    count = 0
    for source, path in pairs(args.root):
        for fault in faults_of(source, path, args.root):
            print(f"{path.stem}: {fault}")
            count += 1
    return int(count > 0)


if __name__ == "__main__":
    sys.exit(main())
