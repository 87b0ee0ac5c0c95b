"""What newcomers do wrong: it works all the same, or they are told what to do. README has the table."""

import hashlib
import multiprocessing
import os
import re
import time
from pathlib import Path

import jupytext
import pytest
from jupyter_client.manager import start_new_kernel

from gan_helpers import data, records

ROOT = records.FOLDER.parent.parent
SOURCES = sorted((ROOT / "notebooks" / "source").rglob("*.py"))


class Kernel:
    """A kernel that a newcomer drives: run(cell) returns its text and the name of its error."""

    def __init__(self, folder: str):
        self.manager, self.client = start_new_kernel(cwd=folder)

    def run(self, source: str, interrupt_after: float | None = None) -> tuple[str, str]:
        message, text, error = self.client.execute(source), "", ""
        while True:
            content = self.client.get_iopub_msg(timeout=300)
            if content["parent_header"].get("msg_id") != message:
                continue
            kind, body = content["msg_type"], content["content"]
            if kind == "execute_input" and interrupt_after is not None:
                time.sleep(interrupt_after)
                self.manager.interrupt_kernel()
            text += body.get("text", "") if kind == "stream" else ""
            if kind == "error":
                error, text = body["ename"], text + "\n".join(body["traceback"])
            if kind == "status" and body["execution_state"] == "idle":
                return text, error

    def close(self):
        self.client.stop_channels()
        self.manager.shutdown_kernel(now=True)


@pytest.fixture
def kernel():
    """In a folder that nobody may write to, not even root."""
    kernel = Kernel("/proc")
    yield kernel
    kernel.close()


def test_twice_interrupted_elsewhere_and_in_a_read_only_folder(kernel):
    """Lesson 00 up to its first game, in another folder: each cell twice, the game interrupted in between."""
    cells = jupytext.read(ROOT / "notebooks" / "source" / "00_start_here.py").cells
    code = [cell.source for cell in cells if cell.cell_type == "code"]
    game = next(k for k, source in enumerate(code) if re.search(r"(?m)^(?!def ).*\btrain\(", source))
    for source in code[:game]:
        assert kernel.run(source)[1] == kernel.run(source)[1] == "", source
    kernel.run("import torch._dynamo")  # PyTorch imports it at the first step: stopped there, it stays half
    text, error = kernel.run(code[game], interrupt_after=0.5)
    assert error == "KeyboardInterrupt", text
    for source in code[game : game + 3]:
        text, error = kernel.run(source)
        assert not error and "✗" not in text, (source, text)
    text, error = kernel.run("from gan_helpers import machine\nmachine.self_test()")
    assert not error, text
    assert "this folder: cannot be written" in text and "into your home folder" in text


@pytest.mark.parametrize("source", SOURCES, ids=lambda p: f"{p.parent.name}/{p.name[:2]}")
def test_the_first_cell_sets_everything_up(source):
    """So that `run all cells above` is the remedy everywhere, and a later lesson may be opened first."""
    code = [c for c in jupytext.read(source).cells if c.cell_type == "code"]
    assert "setup" in code[0].metadata["tags"]


def test_another_kernel_is_named_with_the_remedy(kernel):
    """A kernel without the package: the set-up cell's own words, before any import of the course."""
    cells = jupytext.read(ROOT / "notebooks/source/01_the_minimax_game.py").cells
    setup = next(c.source for c in cells if "setup" in c.metadata.get("tags", []))
    hide = "import importlib.util\nfind = importlib.util.find_spec\n"
    hide += "importlib.util.find_spec = lambda name, *a: None if name == 'gan_helpers' else find(name, *a)"
    assert kernel.run(hide)[1] == ""
    text, error = kernel.run(setup)
    assert error == "AssertionError" and "choose that of .venv, or see README" in text


def drawn(folder: str, queue: multiprocessing.Queue) -> None:
    os.environ["GAN_CACHE_DIR"] = folder
    images = data.rendered(40, seed=1).images
    queue.put(hashlib.sha256(images.numpy().tobytes()).hexdigest())


def test_thirty_first_starts_at_once(tmp_path):
    """A class on one server: one cache, thirty writers, no half file, the same digits."""
    data.rendered(1, seed=2)  # measures the fonts, once for all thirty
    context = multiprocessing.get_context("fork")
    queue = context.Queue()
    starts = [context.Process(target=drawn, args=(str(tmp_path), queue)) for _ in range(30)]
    for start in starts:
        start.start()
    digests = {queue.get(timeout=240) for _ in starts}
    for start in starts:
        start.join()
    assert len(digests) == 1 and all(start.exitcode == 0 for start in starts)
    files = [p for p in Path(tmp_path).rglob("*") if p.is_file()]
    assert files and all(re.search(r"\.(npz|pt|npy)$", p.name) for p in files), files


def test_the_readme_tells_what_to_do():
    text = (ROOT / "README.md").read_text()
    table = text.partition("## When something goes wrong")[2].partition("\n## ")[0]
    seen = ("is not defined", "no gan_helpers in this kernel", "cannot import name", "has no attribute")
    for words in (*seen, "Interrupt"):
        assert words in table, words
