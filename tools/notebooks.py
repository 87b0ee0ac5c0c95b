"""Make the notebooks from their text, look for faults in them, and keep their links to the repository.

build   execute the sources that changed, from a clean kernel, and store the outputs
check   print every fault of the committed notebooks; exit status 1 if there is one
badges  write repository and version of pyproject.toml into every badge and install line
minutes write the minutes of study into head, headings and links of the notebooks that have them, or are named
lesson  execute one notebook, write its minutes, and put all its pictures on one sheet to look at

A notebook is named by the beginning of its path in notebooks/: 05, or deeper/05.
"""

from __future__ import annotations

import argparse
import ast
import base64
import getpass
import hashlib
import html
import io
import json
import os
import re
import socket
import sys
import tempfile
import time
import tomllib
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from multiprocessing import get_context
from pathlib import Path

import jupytext
import minutes
import nbformat
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError, CellTimeoutError, DeadKernelError
from nbformat import NotebookNode
from PIL import Image, ImageDraw

ROOT = Path(__file__).resolve().parent.parent
KERNEL = {"display_name": "Python 3 (ipykernel)", "language": "python", "name": "python3"}
WIDGET = "application/vnd.jupyter.widget-view+json"
MAX_BYTES, MAX_GIF, MAX_LINES, MAX_COLUMNS = 1_500_000, 600_000, 40, 88
OWNER = r"[\w.-]+/[\w.-]+?"
FILE = r"(?:deeper/)?[\w.-]+\.ipynb"
COLAB = "colab"  # the branch that the badges open: copies with absolute links (tools/colab.py)
BADGE = re.compile(rf"(colab\.research\.google\.com/github/)({OWNER})/blob/([\w-]+)/notebooks/({FILE})")
INSTALL = re.compile(rf"(git\+https://github\.com/)({OWNER}(?:@[\w.-]+)?)(?=[\"'\s\\#]|$)")
HIDDEN = {"jupyter": {"source_hidden": True}, "cellView": "form"}  # for JupyterLab, for Colab
ON_GPU = ("20",)  # notebooks that Colab opens with a GPU
NOT_A_PLOT = {"claim", "predict", "play", "play_many", "run_ahead", "backward", "zero_grad", "Adam", "SGD"}
FOLD = "<details><summary>What you should see</summary>"
HINTS = ("Hint: first step", "Hint: almost there")
LEAK = (
    r"(?<![\w./])(?:/(?:home|root|Users|tmp|work|mnt|opt|usr|var|private)/[\w.-]+|[A-Z]:\\+Users)"
    r"|site-packages"
)


# --- what a notebook depends on ---------------------------------------------------------------


def address(root: Path = ROOT) -> str:
    """Return owner/name@tag, what the install line installs, from the one place that holds it."""
    project = tomllib.loads((root / "pyproject.toml").read_text())["project"]
    slug = project["urls"]["Repository"].removeprefix("https://github.com/").strip("/")
    return f"{slug}@v{project['version']}"


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


def record_files(source: Path, root: Path = ROOT) -> list[Path]:
    """Return the files that a text draws on: records, the ledger of how_sure(), trained players."""
    text = source.read_text()
    names = set(re.findall(r"\brecorded\(\s*[\"']([\w.-]+)[\"']", text))
    if "how_sure(" in text:
        names.add(f"claims_nb{source.name[:2]}" + ("_deeper" if source.parent.name == "deeper" else ""))
    folders = (root / "gan_helpers" / "records", root / "benchmarks" / "results")
    files = [f"{name}.json" for name in sorted(names)]
    files += ["people_generator.pt"] if "trained_people(" in text else []
    return [path for name in files for f in folders if (path := f / name).exists()]


def stamp(source: Path, root: Path = ROOT) -> str:
    """Return a digest of all that a notebook's outputs depend on: text, imported helpers, records, lock."""
    text = minutes.plain(source.read_text())  # neither the minutes nor a new address change an output
    digest = hashlib.sha256(INSTALL.sub(r"\1", BADGE.sub(r"\1\4", text)).encode())
    for path in [*package_files(text, root), *record_files(source, root), root / "requirements.lock"]:
        digest.update(path.relative_to(root).as_posix().encode() + path.read_bytes())
    return digest.hexdigest()[:16]


def pairs(root: Path = ROOT) -> list[tuple[Path, Path]]:
    """Return (source, notebook) of each notebook, a deeper one after its lesson; a file may be missing."""
    books, texts = root / "notebooks", root / "notebooks" / "source"
    names = {
        p.relative_to(books).with_suffix("") for p in [*books.glob("*.ipynb"), *books.glob("deeper/*.ipynb")]
    }
    names |= {p.relative_to(texts).with_suffix("") for p in [*texts.glob("*.py"), *texts.glob("deeper/*.py")]}
    names = sorted(names, key=lambda name: (name.name[:2], len(name.parts), name))
    return [(texts / f"{name}.py", books / f"{name}.ipynb") for name in names]


def label(source: Path) -> str:
    """Return how a notebook is called: 05_mlp_gan, or deeper/05_mlp_gan."""
    return f"deeper/{source.stem}" if source.parent.name == "deeper" else source.stem


def named(source: Path, names: Sequence[str]) -> bool:
    return any(label(source).startswith(name) for name in names)


# --- build ------------------------------------------------------------------------------------


def collapse(text: str) -> str:
    """Return what a terminal would show of text with carriage returns (progress bars)."""
    lines = (line.rstrip("\r").rsplit("\r", 1)[-1] for line in text.split("\n"))
    return "\n".join(line.rstrip() if "\r" in text else line for line in lines)


def hides(cell: NotebookNode) -> bool:
    """Is the input of this cell hidden? Plots are, by their tag, and predictions, which say what is right."""
    if cell.cell_type != "code":
        return False
    return "hide-input" in cell.metadata.get("tags", []) or cell.source.lstrip().startswith("predict(")


def clean(nb: NotebookNode) -> NotebookNode:
    """Remove what must not be stored: progress-bar residue, dead widgets, timings, random cell ids."""
    for k, cell in enumerate(nb.cells):
        cell.id = f"cell-{k:03d}"
        cell.metadata = {key: value for key, value in cell.metadata.items() if key == "tags"}
        if hides(cell):
            cell.metadata |= HIDDEN
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
    nb.metadata["colab"] = {"toc_visible": True}
    return nb


def pictures(nb: NotebookNode) -> Iterator[tuple[int, str, bytes]]:
    """Every picture of a notebook, as (cell, suffix, bytes)."""
    for k, cell in enumerate(nb.cells):
        for out in cell.get("outputs", []):
            data = out.get("data", {})
            if "image/png" in data:
                yield k, "png", base64.b64decode(data["image/png"])
            elif found := re.search(r"data:image/gif;base64,([\w+/=]+)", data.get("text/html", "")):
                yield k, "gif", base64.b64decode(found[1])


def head_picture(nb: NotebookNode) -> tuple[str, bytes] | None:
    """Return (suffix, bytes) of the first picture of the cell tagged head-picture."""
    for k, suffix, data in pictures(nb):
        if "head-picture" in nb.cells[k].metadata.get("tags", []):
            return suffix, data
    return None


def contact_sheet(nb: NotebookNode, path: Path, columns: int = 3, width: int = 560) -> None:
    """Draw all pictures of a notebook (of a film the last frame) on one, each under its cell's number."""
    tiles = []
    for k, _, data in pictures(nb):
        picture = Image.open(io.BytesIO(data))
        picture.seek(getattr(picture, "n_frames", 1) - 1)
        picture = picture.convert("RGB").resize(
            (width, max(1, round(picture.height * width / picture.width)))
        )
        tile = Image.new("RGB", (width + 20, picture.height + 30), "white")
        tile.paste(picture, (10, 25))
        ImageDraw.Draw(tile).text((10, 5), f"cell {k}", fill="black", font_size=14)
        tiles.append(tile)
    rows = [tiles[k : k + columns] for k in range(0, len(tiles), columns)]
    heights = [max(tile.height for tile in row) for row in rows]
    sheet = Image.new("RGB", (columns * (width + 20), max(1, sum(heights))), "white")
    for r, row in enumerate(rows):
        for c, tile in enumerate(row):
            sheet.paste(tile, (c * tile.width, sum(heights[:r])))
    sheet.save(path)


def write(path: Path, data: bytes) -> None:
    """Write a file at once: an interrupted build leaves the old file, whole."""
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_suffix(".part")
    part.write_bytes(data)
    part.replace(path)


def execute(source: Path, path: Path, root: Path) -> str:
    """Execute one notebook and store it with its head picture; return what went wrong, "" if nothing did."""
    wanted, nb = stamp(source, root), jupytext.read(source)
    nb.metadata = {"kernelspec": KERNEL}
    path.parent.mkdir(parents=True, exist_ok=True)
    resources = {"metadata": {"path": str(path.parent)}}
    try:
        NotebookClient(nb, timeout=900, kernel_name="python3", resources=resources).execute()
    except (CellExecutionError, CellTimeoutError, DeadKernelError) as error:
        return str(error)
    nb = clean(nb)
    if names := own_names(nb):
        return f"they name this machine or its user: {names}"
    if source.stem.startswith(ON_GPU):
        nb.metadata |= {"accelerator": "GPU", "colab": {"toc_visible": True, "gpuType": "T4"}}
    nb.metadata["stamp"] = wanted
    write(path, (nbformat.writes(nb) + "\n").encode())
    if picture := head_picture(nb):
        write(root / "notebooks" / "images" / f"{label(source)}.{picture[0]}", picture[1])
    return ""


def timed(*task: Path) -> tuple[str, float]:
    start = time.monotonic()
    return execute(*task), time.monotonic() - start


def build(root: Path, force: Sequence[str] = (), jobs: int = 1) -> int:
    """Execute what changed, or only the names in `force`, changed or not, `jobs` at a time; return the number
    of failures. One line each, as they end; minutes are written where a notebook has them."""
    if int(os.environ.get("GAN_SEED_OFFSET") or 0):
        print("GAN_SEED_OFFSET is set: what is stored comes from the seeds as they stand in the text")
        return 1
    failures, todo = 0, []
    for source, path in pairs(root):
        if force and not named(source, force):
            continue
        if not source.exists():
            print(f"{label(source)}: no source in notebooks/source – remove the notebook or restore its text")
            failures += 1
        elif not force and path.exists() and read(path).metadata.get("stamp") == stamp(source, root):
            print(f"{label(source)}: up to date")
        else:
            todo.append((source, path))
    if not todo:
        return failures
    print(f"running, {jobs} at a time: {', '.join(label(source) for source, _ in todo)}", flush=True)
    with ProcessPoolExecutor(jobs, get_context("spawn")) as pool:
        running = {pool.submit(timed, source, path, root): label(source) for source, path in todo}
        for done in as_completed(running):
            error, seconds = done.result()
            failures += bool(error)
            note = f"FAILED, the old outputs stay\n{error}" if error else f"{seconds:.0f} s"
            print(f"{running[done]}: {note}", flush=True)
    write_minutes(root)
    return failures


def read(path: Path) -> NotebookNode:
    return nbformat.read(path, as_version=4)


def prose_of(nb: NotebookNode) -> str:
    return "\n\n".join(cell.source for cell in nb.cells if cell.cell_type == "markdown")


def write_minutes(root: Path, names: Sequence[str] = ()) -> None:
    """Bring the minutes in source and notebook up to date, and all links to headings that have them.

    Of the notebooks in `names`, or of those that have minutes already. Nothing is executed again; a notebook
    that is older than its source keeps what it has.
    """
    built = [(s, p) for s, p in pairs(root) if s.exists() and p.exists()]
    texts = {source: source.read_text() for source, _ in built}
    books = {path: read(path) for _, path in built}
    for source, path in built:
        wanted = named(source, names) if names else minutes.carries_minutes(texts[source])
        if wanted and books[path].metadata.get("stamp") != stamp(source, root):
            print(f"{label(source)}: older than its source, no minutes written")
        elif wanted:
            times = minutes.study(books[path])
            texts[source] = minutes.filled(minutes.plain(texts[source]), times)
            for cell in books[path].cells:
                if cell.cell_type == "markdown":
                    cell.source = minutes.filled(minutes.plain(cell.source), times)
    for source, path in built:
        near = {os.path.relpath(p, path.parent): minutes.anchors(prose_of(books[p])) for p in books}
        near[""] = near[path.name]
        texts[source] = minutes.relinked(texts[source], near)
        for cell in books[path].cells:
            if cell.cell_type == "markdown":
                cell.source = minutes.relinked(cell.source, near)
        if texts[source] != source.read_text() or books[path] != read(path):
            write(source, texts[source].encode())
            write(path, (nbformat.writes(books[path]) + "\n").encode())
            print(f"{label(source)}: minutes and links written")


STATUS = re.compile(r"(?<=<!-- status -->\n).*?(?=<!-- /status -->)", re.S)
ROW = re.compile(r"(\]\(notebooks/(?P<name>\w+)\.ipynb\).*\| )[^|\n]*min \|$", re.M)


def front(text: str, root: Path = ROOT) -> str:
    """The README with its counts of lessons, and the minutes of each in the last column of its table."""
    built = [(source, path) for source, path in pairs(root) if path.exists()]
    deeper = sum(path.parent.name == "deeper" for _, path in built)
    planned = len(re.findall(r"\b\d\d [A-Z]", text.partition("In the making:")[2].partition("\n\n")[0]))
    ready = len(built) - deeper
    status = (
        f"**{ready} of {ready + planned} lessons are ready**, and {deeper} deeper notebooks beside them; "
        f"{planned} are in the making.\n"
    )

    def timed(row: re.Match) -> str:
        found = re.search(r"\*Study:\* (\d+)", prose_of(read(root / "notebooks" / f"{row['name']}.ipynb")))
        return f"{row[1]}{found[1] if found else '?'} min |"

    return ROW.sub(timed, STATUS.sub(status, text))


def write_front(root: Path) -> None:
    path = root / "README.md"
    text = path.read_text()
    if (new := front(text, root)) != text:
        write(path, new.encode())
        print("README.md: counts and minutes written")


def lesson(root: Path, name: str) -> int:
    """Execute one notebook, write its minutes, draw its pictures on one sheet; return how many faults."""
    for source, path in pairs(root):
        if named(source, [name]):
            if build(root, [label(source)]):
                return 1
            write_minutes(root, [label(source)])
            sheet = Path(tempfile.mkdtemp()) / f"{source.stem}.png"
            contact_sheet(read(path), sheet)
            print(f"all pictures: {sheet}")
            return print_faults(source, path, root)
    print(f"no notebook is called {name} …")
    return 1


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


def is_fold(out: NotebookNode | None) -> bool:
    """Does this output hold the words of a picture, for the page and as plain text?"""
    data = {} if out is None else out.get("data", {})
    found = re.search(rf"{FOLD}(.+?)</details>", data.get("text/html", ""), re.DOTALL)
    return bool(found) and html.unescape(found[1]).strip() in data.get("text/plain", "")


def output_faults(nb: NotebookNode) -> list[str]:
    """Name what is wrong with the stored outputs."""
    faults = []
    code = [c for c in nb.cells if c.cell_type == "code" and c.source.strip()]
    counts = [c.execution_count for c in code]
    if counts != list(range(1, len(code) + 1)):
        faults.append(f"execution counts are {counts}, not 1..{len(code)}: run make notebooks")
    for k, cell in enumerate(nb.cells):
        outputs = cell.get("outputs", [])
        for n, out in enumerate(outputs):
            after = outputs[n + 1] if n + 1 < len(outputs) else None
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
                elif kind.startswith("image/") and not is_fold(after):
                    faults.append(f"cell {k}: a figure without its words: use gan_helpers.plots.show")
            if "<img" in str(data.get("text/html", "")) and not is_fold(out):
                faults.append(f"cell {k}: an animation without its words: use gan_helpers.plots.gif")
            for tag in re.findall(r"<img\b[^>]*>", str(data.get("text/html", ""))):
                if not re.search(r"\balt=\"[^\"]+\"", tag):
                    faults.append(f"cell {k}: an animation without alt text")
                if len(tag) * 3 / 4 > MAX_GIF + 1000:
                    faults.append(f"cell {k}: an animation over {MAX_GIF // 1000} KB")
    return faults


def text_faults(nb: NotebookNode, folder: Path, name: str, address: str, first: int = 1) -> list[str]:
    """Name what is wrong with the text: links, pictures, badge, cells, exercises (from number `first` on)."""
    faults = []
    prose = re.sub(minutes.FENCE, "", prose_of(nb))
    for alt, target in re.findall(r"!\[([^\]]*)\]\(([^)\s]+)", prose):
        if len(alt.split()) < 2:
            faults.append(f"a picture without alt text: {target}")
    for tag in re.findall(r"<img\b[^>]*>", prose):
        if not re.search(r"\balt=[\"'][^\"']+", tag):
            faults.append(f"a picture without alt text: {tag[:60]}")
    for target in minutes.LINK.findall(prose) + re.findall(r"<img[^>]*src=[\"']([^\"']+)", prose):
        path, _, anchor = target.partition("#")
        if re.match(r"[a-z]+:", target):
            continue
        if path and not (folder / path).exists():
            faults.append(f"broken link: {target}")
        elif anchor or not path:
            there = prose_of(read(folder / path)) if path else prose
            if anchor not in minutes.anchors(there):
                faults.append(f"broken link: no heading for {target} (make minutes puts minutes into links)")
            elif not anchor.isascii():
                faults.append(f"JupyterLab follows no link with other than ASCII letters: #{anchor}")
    repository = address.partition("@")[0]
    badges = BADGE.findall("\n".join(c.source for c in nb.cells[:1]))
    if [found[1:] for found in badges] != [(repository, COLAB, name)]:
        faults.append(f"the Colab badge must lead to {repository}, {COLAB} and {name}: run make badges")
    setup = [c.source for c in nb.cells if "setup" in c.metadata.get("tags", [])]
    if len(setup) != 1:
        faults.append(f"{len(setup)} cells tagged setup, expected 1")
    elif [target for _, target in INSTALL.findall(setup[0])] != [address]:
        faults.append(f"the install line must name {address}: run make badges")
    for k, cell in enumerate(nb.cells):
        if cell.cell_type == "code" and len(cell.source.splitlines()) > MAX_LINES:
            faults.append(f"cell {k}: over {MAX_LINES} lines")
    for number in (e[0] for e in exercises(nb, faults, first)):
        if f"Exercise {number} ·" not in prose:
            faults.append(f"exercise {number}: no heading 'Exercise {number} · title'")
    return faults + hidden_faults(nb) + form_faults(nb)


def bound(tree: ast.AST) -> set[str]:
    """The names that this code sets itself."""
    names = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            names.add(node.id)
        elif isinstance(node, ast.FunctionDef | ast.ClassDef):
            names.add(node.name)
        elif isinstance(node, ast.arg):
            names.add(node.arg)
    return names


def hidden_faults(nb: NotebookNode) -> list[str]:
    """A hidden cell only draws: it trains and claims nothing, and sets nothing that a visible cell needs."""
    faults, hidden = [], {}  # name: the hidden cell that set it last
    for k, cell in enumerate(nb.cells):
        if cell.cell_type != "code":
            continue
        tree = minutes.code_of(cell.source)
        nodes, own = list(ast.walk(tree)), bound(tree)
        if hides(cell) and any(cell.metadata.get(key) != value for key, value in HIDDEN.items()):
            faults.append(f"cell {k}: tagged hide-input or a prediction, not hidden: run make notebooks")
        if "hide-input" not in cell.metadata.get("tags", []):
            needed = {node.id for node in nodes if isinstance(node, ast.Name)} - own
            faults += [
                f"cell {k} needs {n}, which hidden cell {hidden[n]} sets"
                for n in sorted(needed & set(hidden))
            ]
            hidden = {name: at for name, at in hidden.items() if name not in own}
            continue
        hidden |= dict.fromkeys(own, k)
        called = [node.func for node in nodes if isinstance(node, ast.Call)]
        wrong = {getattr(f, "attr", getattr(f, "id", "")) for f in called} & NOT_A_PLOT
        wrong |= {
            type(node).__name__.lower() for node in nodes if isinstance(node, ast.Assert | ast.ClassDef)
        }
        faults += [f"cell {k}: a hidden cell only draws, this one has {word}" for word in sorted(wrong)]
    return faults


def form_faults(nb: NotebookNode) -> list[str]:
    """What is asked of the notebooks that carry minutes: that they are right, and narrow lines."""
    if not minutes.carries_minutes(prose_of(nb)):
        return []
    faults, times = [], minutes.study(nb)
    if "*Run time:*" not in nb.cells[0].source:
        faults.append("the head does not give the *Run time:*")
    texts = [cell.source for cell in nb.cells if cell.cell_type == "markdown"]
    if any(minutes.filled(minutes.plain(t), times) != minutes.plain_links(t) for t in texts):
        faults.append("the minutes are not those of the text: run make minutes")
    for k, cell in enumerate(nb.cells):
        tags = cell.metadata.get("tags", [])
        if cell.cell_type == "code" and not {"setup", "hide-input"} & set(tags):
            wide = max(map(len, minutes.code_lines(cell.source)), default=0)
            if wide > MAX_COLUMNS:
                faults.append(f"cell {k}: a line of {wide} columns, over {MAX_COLUMNS}")
    return faults


def exercises(
    nb: NotebookNode, faults: list[str] | None = None, first: int = 1
) -> list[tuple[int, int, int, str]]:
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
            else:
                found.append((number, k, k + 1, solution[1]))
                folds = re.findall(r"<details><summary>(.+?)</summary>", after)
                if folds != [*HINTS, "Solution"]:
                    faults.append(f"exercise {number}: folded are {folds}, not {[*HINTS, 'Solution']}")
    numbers = [e[0] for e in found]
    if numbers != list(range(first, first + len(numbers))):
        faults.append(f"exercises are numbered {numbers}, not from {first} on")
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


def first_exercise(source: Path) -> int:
    """A lesson's exercises begin with 1, those of a deeper notebook go on; LookupError without a lesson."""
    if source.parent.name != "deeper":
        return 1
    lessons = sorted(source.parent.parent.glob(f"{source.name[:2]}_*.py"))
    if not lessons:
        raise LookupError(f"no lesson {source.name[:2]} that this notebook goes deeper into")
    return 1 + len(exercises(jupytext.read(lessons[0])))


def faults_of(source: Path, path: Path, root: Path = ROOT) -> list[str]:
    """Return every fault of one notebook."""
    if not source.exists():
        return ["no source in notebooks/source"]
    if not path.exists():
        return ["not built yet: run make notebooks"]
    try:
        first = first_exercise(source)
    except LookupError as error:
        return [str(error)]
    nb, text = read(path), jupytext.read(source)
    faults = disagreements(text, nb)
    if nb.metadata.get("stamp") != stamp(source, root):
        faults.append("outputs are older than source, helpers, records or lock: run make notebooks")
    faults += output_faults(nb) + text_faults(nb, path.parent, f"{label(source)}.ipynb", address(root), first)
    if path.stat().st_size > MAX_BYTES:
        faults.append(f"{path.stat().st_size / 1e6:.2f} MB is over {MAX_BYTES / 1e6} MB")
    try:
        nbformat.validate(json.loads(path.read_text()))
    except nbformat.ValidationError as error:
        faults.append(f"invalid notebook: {error.message[:80]}")
    return faults


def print_faults(source: Path, path: Path, root: Path) -> int:
    """Print the faults of one notebook; return their number."""
    faults = faults_of(source, path, root)
    for fault in faults:
        print(f"{label(source)}: {fault}")
    return len(faults)


# --- badges -----------------------------------------------------------------------------------


def rewrite(text: str, address: str) -> str:
    """Return text with every badge leading to the repository, every install line to its tag."""
    opened = rf"\g<1>{address.partition('@')[0]}/blob/{COLAB}/notebooks/\g<4>"
    return INSTALL.sub(rf"\g<1>{address}", BADGE.sub(opened, text))


def badges(root: Path) -> None:
    """Rewrite the links of every notebook, source and the README."""
    for path in [root / "README.md", *(file for pair in pairs(root) for file in pair if file.exists())]:
        text = path.read_text()
        if (new := rewrite(text, address(root))) != text:
            write(path, new.encode())
            print(f"{path.relative_to(root)}: rewritten")
    write_front(root)


def cores() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def main() -> int:
    ap = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    ap.add_argument("command", choices=["build", "check", "badges", "minutes", "lesson"])
    ap.add_argument("names", nargs="*", metavar="NAME", help="minutes: these notebooks; lesson: this one")
    ap.add_argument(
        "--force", nargs="+", default=[], metavar="NAME", help="build: only these, changed or not"
    )
    ap.add_argument("-j", "--jobs", type=int, default=cores(), help="build: so many at a time (%(default)s)")
    ap.add_argument("--root", type=Path, default=ROOT, help=argparse.SUPPRESS)
    args = ap.parse_args()
    if args.names and args.command not in ("minutes", "lesson"):
        ap.error(f"{args.command} takes no names; one notebook, whatever changed: build --force 05")
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    if args.command == "build":
        return int(build(args.root, args.force, args.jobs) > 0)
    if args.command == "badges":
        badges(args.root)
        return 0
    if args.command == "minutes":
        write_minutes(args.root, args.names)
        write_front(args.root)
        return 0
    if args.command == "lesson":
        if len(args.names) != 1:
            ap.error("which lesson? For example: lesson 05")
        return int(lesson(args.root, args.names[0]) > 0)
    return int(sum([print_faults(source, path, args.root) for source, path in pairs(args.root)]) > 0)


if __name__ == "__main__":
    sys.exit(main())
