"""Every exercise of every notebook: its folded solution passes, its stub is not attempted, and at least
four typical wrong answers are refused, each with a message of its own."""

import importlib.util
import re
import sys
from functools import cache
from pathlib import Path

import jupytext
import matplotlib as mpl
import pytest

from gan_helpers.checks import NOT_ATTEMPTED, NOT_YET, PASSED, judge

ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT / "tools"))
import notebooks as tool  # noqa: E402

SOURCES = {tool.label(source): jupytext.read(source) for source, _ in tool.pairs(ROOT) if source.exists()}


def digits(stem: str) -> str:
    """A lesson and its deeper notebook have the same: 05 of 05_mlp_gan and of deeper/05_mlp_gan."""
    return Path(stem).name[:2]


EXERCISES = [(stem, e) for stem, nb in SOURCES.items() for e in tool.exercises(nb)]
IDS = [f"{digits(stem)}-{e[0]}" for stem, e in EXERCISES]


@cache
def setup(stem: str) -> dict:
    """Return the namespace after the set-up cell and the solutions of all exercises, in order."""
    nb, namespace = SOURCES[stem], {}
    with mpl.rc_context():
        for cell in nb.cells:
            if "setup" in cell.metadata.get("tags", []):
                exec(cell.source, namespace)
    for *_, solution in tool.exercises(nb):
        exec(solution, namespace)
    return namespace


def parse_check(source: str) -> tuple[str, str, str]:
    """Return module, function and argument of a check cell, such as nb01.check_2(loss_D)."""
    found = re.search(r"(?m)^(nb\d\d)\.(check_\d+)\((\w+)\)$", source)
    assert found, f"a check cell must call nbXX.check_k(answer): {source!r}"
    return found.groups()


def answer(stem: str, text: object, name: str) -> object:
    """Return what a learner's cell would define: a value or lambda, or a block that defines `name`."""
    if callable(text):
        return text
    namespace = dict(setup(stem))
    if not re.search(r"(?m)^(def |class |import |\w+ = )", text):
        return eval(text, namespace)
    exec(text, namespace)
    return namespace[name]


@cache
def answers(stem: str) -> object:
    path = ROOT / "tests" / "wrong_answers" / f"nb{digits(stem)}.py"
    spec = importlib.util.spec_from_file_location(f"wrong_{digits(stem)}", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def wrong_answers(stem: str) -> dict:
    """Return number -> [(answer, a phrase of its hint)]: the check's own mistakes, and others."""
    checks = vars(importlib.import_module(f"gan_helpers.checks.nb{digits(stem)}")).values()
    mistakes = {c.number: c.mistakes for c in checks if hasattr(c, "mistakes")}
    others = answers(stem).WRONG
    return {
        k: [(mistake, hint) for hint, mistake in mistakes[k].items()] + others.get(k, [])
        for k in sorted(mistakes)
    }


def test_a_lesson_has_two_to_five_exercises_and_every_one_has_wrong_answers():
    for number in sorted({digits(stem) for stem in SOURCES}):
        have = set()
        for source, _ in tool.pairs(ROOT):
            if source.name[:2] == number:
                faults = []
                found = tool.exercises(SOURCES[tool.label(source)], faults, tool.first_exercise(source))
                assert not faults, (tool.label(source), faults)
                assert 2 <= len(found) <= 5 or source.parent.name == "deeper", tool.label(source)
                have |= {e[0] for e in found}
        assert set(wrong_answers(number)) == have, number


@pytest.mark.parametrize(("stem", "exercise"), EXERCISES, ids=IDS)
def test_the_stub_is_not_attempted(stem, exercise, capsys):
    number, stub, check, _ = exercise
    cells, namespace = SOURCES[stem].cells, dict(setup(stem))
    exec(cells[stub].source, namespace)
    exec(cells[check].source, namespace)
    assert f"Exercise {number}: {NOT_ATTEMPTED}" in capsys.readouterr().out


@pytest.mark.parametrize(("stem", "exercise"), EXERCISES, ids=IDS)
def test_the_folded_solution_passes(stem, exercise, capsys):
    number, _, check, solution = exercise
    namespace = dict(setup(stem))
    exec(solution, namespace)
    exec(SOURCES[stem].cells[check].source, namespace)
    assert f"Exercise {number}: {PASSED}" in capsys.readouterr().out


@pytest.mark.parametrize(("stem", "exercise"), EXERCISES, ids=IDS)
def test_each_wrong_answer_is_refused_with_its_own_message(stem, exercise):
    number, _, check, _ = exercise
    module, function, name = parse_check(SOURCES[stem].cells[check].source)
    test = getattr(setup(stem)[module], function)
    assert test.number == number
    wrong = wrong_answers(stem)[number]
    assert len(wrong) >= 4
    messages = []
    for text, phrase in wrong:
        state, message = judge(test, answer(stem, text, name))
        assert state == NOT_YET, f"accepted a wrong answer: {text}"
        assert phrase in message, f"{text} {phrase}\n  got:      {message}\n  expected: {phrase}"
        messages.append(message)
    assert len(set(messages)) == len(messages), "two wrong answers get the same message"
    for text in getattr(answers(stem), "SAME_HINT", {}).get(
        number, []
    ):  # other ways to make one of these mistakes
        assert judge(test, answer(stem, text, name))[1] in messages, text


@pytest.mark.parametrize(("stem", "exercise"), EXERCISES, ids=IDS)
def test_right_answers_that_look_different_are_accepted(stem, exercise):
    number, _, check, _ = exercise
    module, function, name = parse_check(SOURCES[stem].cells[check].source)
    right = answers(stem).RIGHT[number]
    assert len(right) >= 2
    for text in right:
        state, message = judge(getattr(setup(stem)[module], function), answer(stem, text, name))
        assert state == PASSED, f"refused a right answer: {text}\n  {message}"
