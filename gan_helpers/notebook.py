"""What a notebook needs besides its subject: progress bars, recorded runs and questions."""

from __future__ import annotations

import hashlib
import html
import importlib.resources
import json
import re
import sys
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import TypeVar

from tqdm import tqdm

from gan_helpers import records
from gan_helpers.evidence import show

T = TypeVar("T")
QUIZ_COLOURS = {
    "multiple-choice-bg": "#444",
    "mc-button-bg": "#fafafa",
    "mc-button-border": "#bbb",
    "mc-button-inset-shadow": "#555",
    "incorrect-color": "#b3261e",
    "correct-color": "#00734d",
    "text-color": "#fafafa",
    "link-color": "#9abafa",
}
_asked: list[str] = []  # the questions of this session: the first brings the script


def recorded(name: str, folder: Path = records.FOLDER) -> dict | None:
    """The record `name`, after two lines on its making; None and one line, if there is none.

    Every record has "seeds", how many at most, and "date". Raises ValueError for a file that is not whole, is
    no record, or was edited by hand.
    """
    record = records.read(name, folder)
    if record is None:
        print(f"{name} is not recorded: notebooks go on without it.")
        return None
    changed = " and changes" if record.get("uncommitted") else ""
    print(f"{name}: {record['command']}, commit {record['commit'][:7]}{changed}, {record['date']}")
    facts = [record["machine"], f"torch {record['versions']['torch']}"]
    facts += [f"images: {record['images']}"] if "images" in record else []
    facts += [f"{record['cpu_seconds'] / 60:.0f} CPU-minutes"] if "cpu_seconds" in record else []
    print("   " + ", ".join(facts))
    return record


def progress(items: Iterable[T], desc: str, total: int | None = None) -> Iterator[T]:
    """Iterate with a progress bar that appears after a second and leaves nothing in the saved notebook."""
    return iter(tqdm(items, desc=desc, total=total, file=sys.stdout, leave=False, ncols=80, delay=1.0))


def predict(question: str, answers: Sequence[tuple[str, bool, str]]) -> None:
    """Ask a question of three answers (text, is it right, why), exactly one of them right.

    Buttons where scripts run, a fold that holds the same where they do not (GitHub, exported pages). The
    question's text decides the order, because authors put the right answer into the middle. Words in
    `backticks` are set as code; formulas are refused, because not every page sets them inside a button.
    """
    texts = [question, *(text for text, _, why in answers for text in (text, why))]
    if len(answers) != 3 or sum(bool(right) for _, right, _ in answers) != 1:
        raise ValueError("a prediction has three answers, exactly one of them right")
    if any("$" in text for text in texts):
        raise ValueError("no formulas in a prediction: say it in words or with letters such as σ²")
    if question not in _asked:
        _asked.append(question)
    answers = sorted(answers, key=lambda answer: _digest(question + answer[0]))
    key = f"predict-{_digest(question)[:10]}"
    # Colab shows each output in a frame of its own, so each brings the script.
    script = quiz_library() if _asked[0] == question or "google.colab" in sys.modules else ""
    letters = [f"  {letter}) {text}" for letter, (text, _, _) in zip("abc", answers, strict=True)]
    page = f'<div id="{key}">{_fold(question, answers)}</div>{script}{_start(key, question, answers)}'
    show("\n".join(["Predict: " + question, *letters]), page)


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def _marked(text: str) -> str:
    """Text as HTML, with `backticks` as code."""
    return re.sub(r"`([^`]+)`", r"<code>\1</code>", html.escape(text))


def _fold(question: str, answers: Sequence[tuple[str, bool, str]]) -> str:
    """The question with its answers, and what is right and why in a fold."""
    asked = "".join(f"<li>{_marked(text)}</li>" for text, _, _ in answers)
    told = "".join(f"<li>{'Right' if right else 'No'}. {_marked(why)}</li>" for _, right, why in answers)
    kind = 'type="a"'
    return (
        f"<p><b>Predict:</b> {_marked(question)}</p><ol {kind}>{asked}</ol>"
        f"<details><summary>Answer</summary><ol {kind}>{told}</ol></details>"
    )


def quiz_library() -> str:
    """Style and script of jupyterquiz's multiple choice, as window.ganQuiz; once a page is enough."""
    folder = importlib.resources.files("jupyterquiz")
    code = "".join((folder / "js" / f"{name}.js").read_text() for name in ("helpers", "multiple_choice"))
    style = (folder / "styles.css").read_text()
    return (
        f"<style>{style}</style><script>window.ganQuiz ??= (() => {{{code}\nreturn Question;}})();</script>"
    )


def _start(key: str, question: str, answers: Sequence[tuple[str, bool, str]]) -> str:
    """The script that puts buttons in the place of the fold, once the library is there."""
    choices = [
        {"answer": _marked(text), "correct": bool(right), "feedback": _marked(why)}
        for text, right, why in answers
    ]
    asked = {"question": _marked(question), "type": "multiple_choice", "answer_cols": 1, "answers": choices}
    text = json.dumps(asked, ensure_ascii=False).replace("</", "<\\/")
    colours = "".join(f"--jq-{name}:{colour};" for name, colour in QUIZ_COLOURS.items())
    return f"""<script>(() => {{
const start = () => {{
  const box = document.getElementById("{key}");
  if (!box || !window.ganQuiz) return setTimeout(start, 300);
  box.replaceChildren();
  box.style.cssText = "border-radius:8px;{colours}";
  const options = {{shuffleAnswers: false, preserveResponses: false, maxWidth: 640}};
  window.ganQuiz.create({text}, "{key.replace("-", "")}", 0, options, box);
}};
start();
}})();</script>"""
