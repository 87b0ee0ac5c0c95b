"""The notebooks as Colab needs them, and a try-out of each in an environment such as Colab's.

copies  write the notebooks with absolute links into a folder: Colab opens a notebook alone, so relative
        pictures and links are dead there after "Save a copy in Drive", and links to headings always are
try     run notebooks, each alone in an empty folder, with the kernel of another Python; the install line is
        executed as it stands and fetches the last commit of this checkout; exit status 1 if one fails

For the versions that Colab has: make a venv, install those of tools/colab_2026_08.txt, then
    python tools/colab.py try --python thatvenv/bin/python 00 05
"""

from __future__ import annotations

import argparse
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import nbformat
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError, CellTimeoutError, DeadKernelError
from nbformat import NotebookNode

import notebooks as tool

ROOT = Path(__file__).resolve().parent.parent

IMAGE = re.compile(r"(!\[[^\]]*\]\()([^)\s]+)(\))|(<img[^>]*\bsrc=[\"'])([^\"']+)([\"'])")
LINK = re.compile(
    r"(?<!!)\[([^\[\]]*)\]\(((?:[^()\s]|\([^()\s]*\))+)\)"
)  # a target may hold a pair of brackets

QUIET = {"PYDEVD_DISABLE_FILE_VALIDATION": "1"}  # an old ipykernel warns of its own debugger

# What a kernel on Colab finds: the module, and the switch for widgets that are not its own.
STAND_IN = """
import sys, types
colab = types.ModuleType("google.colab")
colab.output = types.ModuleType("google.colab.output")
colab.output.enable_custom_widget_manager = lambda: None
google = sys.modules.setdefault("google", types.ModuleType("google"))
google.colab = colab
sys.modules["google.colab"], sys.modules["google.colab.output"] = colab, colab.output
"""


# --- copies -----------------------------------------------------------------------------------


def absolute(text: str, name: str, address: str) -> str:
    """Markdown of the notebook `name` (05_x.ipynb, deeper/05_x.ipynb) with no relative address left.

    Pictures come from the tag of the install line; a link to a notebook opens it in Colab; one to a section
    of the same notebook becomes its text. Code between fences stays.
    """
    repository, _, tag = address.partition("@")
    raw = f"https://raw.githubusercontent.com/{repository}/{tag}"
    page = f"https://github.com/{repository}/blob/{tag}"
    colab = f"https://colab.research.google.com/github/{repository}/blob/{tool.COLAB}"

    def place(target: str) -> str:  # in the repository
        return os.path.normpath(Path("notebooks") / Path(name).parent / target)

    def picture(found: re.Match) -> str:
        before, target, after = (found[1] or found[4], found[2] or found[5], found[3] or found[6])
        if re.match(r"[a-z]+:", target):
            return found[0]
        return f"{before}{raw}/{place(target)}{after}"

    def link(found: re.Match) -> str:
        label, (path, _, _) = found[1], found[2].partition("#")
        if re.match(r"[a-z]+:", found[2]):
            return found[0]
        if not path:
            return label
        return f"[{label}]({colab if path.endswith('.ipynb') else page}/{place(path)})"

    parts = re.split(r"(```.*?```)", text, flags=re.S)  # every second one is code
    return "".join(p if k % 2 else LINK.sub(link, IMAGE.sub(picture, p)) for k, p in enumerate(parts))


def copy_for_colab(nb: NotebookNode, name: str, address: str) -> NotebookNode:
    """The notebook with absolute addresses in its text, and its name for Colab's title."""
    nb = nbformat.from_dict(nb)
    for cell in nb.cells:
        if cell.cell_type == "markdown":
            cell.source = absolute(cell.source, name, address)
    nb.metadata["colab"] = {**nb.metadata.get("colab", {}), "name": Path(name).name}
    return nb


def copies(root: Path, out: Path) -> list[Path]:
    """Write a copy of every notebook into out/notebooks; return their paths."""
    paths = []
    for source, path in tool.pairs(root):
        name = f"{tool.label(source)}.ipynb"
        nb = copy_for_colab(tool.read(path), name, tool.address(root))
        paths.append(out / "notebooks" / name)
        tool.write(paths[-1], (nbformat.writes(nb) + "\n").encode())
    return paths


# --- try --------------------------------------------------------------------------------------


def redirect(root: Path, folder: Path) -> dict[str, str]:
    """Clone this checkout under the tag of the install line; return what makes git take it from there."""
    repository, _, tag = tool.address(root).partition("@")
    clone = folder / "clone"
    subprocess.run(["git", "clone", "-q", root, clone], check=True)
    subprocess.run(["git", "tag", "-f", tag], cwd=clone, check=True, capture_output=True)
    return {
        "GIT_CONFIG_COUNT": "1",
        "GIT_CONFIG_KEY_0": f"url.file://{clone}.insteadOf",
        "GIT_CONFIG_VALUE_0": f"https://github.com/{repository}",
    }


def kernel(python: Path, folder: Path, environment: dict[str, str]) -> str:
    """Write a kernel `colab` of another Python, with the stand-in; return the folder for JUPYTER_PATH."""
    start = folder / "ipython" / "profile_default" / "startup"
    start.mkdir(parents=True)
    (start / "00_colab.py").write_text(STAND_IN)
    spec = {
        "argv": [str(python.absolute()), "-m", "ipykernel_launcher", "-f", "{connection_file}"],
        "display_name": "colab",
        "language": "python",
        "env": {"IPYTHONDIR": str(folder / "ipython"), "PYTHONPATH": "", **QUIET, **environment},
    }
    path = folder / "share" / "kernels" / "colab" / "kernel.json"
    path.parent.mkdir(parents=True)
    path.write_text(json.dumps(spec))
    return str(folder / "share")


def missing(nb: NotebookNode) -> list[str]:
    """What a notebook says that it had to do without: records, figures, pictures; and every warning."""
    found = []
    for k, cell in enumerate(nb.cells):
        for out in cell.get("outputs", []):
            for line in tool.text_of(out).splitlines():
                if re.search(r"is not recorded|No such file|\b[A-Z][a-z]\w*Warning:", line):
                    found.append(f"cell {k}: {line.strip()[:100]}")
    return found


def tried(path: Path, python: Path, root: Path) -> tuple[str, list[str]]:
    """Run one copy alone in an empty folder; return its error ("" if none) and what it did without."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        home = folder / "content"
        home.mkdir()
        nb = tool.read(shutil.copy(path, home))
        os.environ["JUPYTER_PATH"] = kernel(python, folder, redirect(root, folder))
        client = NotebookClient(
            nb, timeout=900, kernel_name="colab", resources={"metadata": {"path": str(home)}}
        )
        try:
            client.execute()
        except (CellExecutionError, CellTimeoutError, DeadKernelError) as error:
            return str(error)[-1500:], missing(nb)
        return "", missing(nb)


def main() -> int:
    ap = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    ap.add_argument("command", choices=["copies", "try"])
    ap.add_argument("names", nargs="*", metavar="NAME", help="try: only these, as 00 or deeper/05")
    ap.add_argument("--out", type=Path, default=ROOT / "build" / "colab", help="the folder of the copies")
    ap.add_argument("--python", type=Path, default=Path(sys.executable), help="try: the Python to run with")
    args = ap.parse_intermixed_args()
    paths = copies(ROOT, args.out)
    if args.command == "copies":
        print(f"{len(paths)} notebooks in {args.out}")
        return 0
    failures = 0
    for source, _ in tool.pairs(ROOT):
        if args.names and not tool.named(source, args.names):
            continue
        start = time.monotonic()
        error, without = tried(args.out / "notebooks" / f"{tool.label(source)}.ipynb", args.python, ROOT)
        failures += bool(error or without)
        print(f"{tool.label(source)}: {error or 'runs'}, {time.monotonic() - start:.0f} s", flush=True)
        print("".join(f"    {line}\n" for line in without), end="", flush=True)
    return int(failures > 0)


if __name__ == "__main__":
    sys.exit(main())
