"""Questions to the learner: the same each time, with and without a script, and only real ones."""

import json
import re
from types import SimpleNamespace

import nbformat
import pytest

from gan_helpers import notebook, records
from gan_helpers.notebook import predict

ROOT = records.FOLDER.parent.parent


@pytest.fixture(autouse=True)
def shown(monkeypatch):
    """(text, page) of everything that was shown."""
    shown = []
    monkeypatch.setattr(notebook, "_asked", [])
    monkeypatch.setattr(notebook, "show", lambda text, page: shown.append((text, page)))
    return shown


THREE = [("it <b>grows", False, "no: see `x`"), ("it falls", True, "yes"), ("neither", False, "no")]


def test_a_prediction_is_the_same_each_time_and_brings_its_script_once(shown):
    predict("What happens to `x` & y?", THREE)
    predict("And then?", THREE)
    predict("What happens to `x` & y?", THREE)
    one, two, again = (page for _, page in shown)
    assert one == again and one.count("class Question") == 1
    assert "class Question" not in two and len(two) < 4000 and len(one) < 60_000
    assert not re.search(r"(?i)\bsrc=|cdn|fetch\(|import\(", one)  # nothing from the network
    ids = re.findall(r'<div id="([^"]+)"', one + two)
    assert (
        len(ids) == 2 and len(set(ids)) == 2 and all(f'getElementById("{key}")' in one + two for key in ids)
    )
    head, *lines = shown[0][0].splitlines()
    assert head == "Predict: What happens to `x` & y?"
    assert [line[:5] for line in lines] == ["  a) ", "  b) ", "  c) "]
    assert {line[5:] for line in lines} == {text for text, _, _ in THREE}


def test_the_right_answer_has_no_favourite_place(shown):
    places = []
    for n in range(300):
        predict(f"question {n}?", THREE)
        places.append([line[5:] for line in shown[-1][0].splitlines()[1:]].index("it falls"))
        told = re.findall(r"<li>(?:Right|No)\. (.*?)</li>", shown[-1][1])
        assert told.index("yes") == places[-1]  # the fold, in the same order
    assert all(70 < places.count(place) < 130 for place in range(3))


def test_no_place_is_right_in_most_predictions_of_the_course(shown):
    """Whoever always guesses the same letter is right in about a third."""
    places = []
    for path in sorted((ROOT / "notebooks").rglob("*.ipynb")):
        nb = nbformat.read(path, as_version=4)
        for out in (out for cell in nb.cells for out in cell.get("outputs", [])):
            page = out.get("data", {}).get("text/html", "")
            if page.startswith('<div id="predict-'):
                told = re.findall(r"<li>(Right|No)\. ", page.partition("<details>")[2])
                places.append(told[:3].index("Right"))
    assert len(places) > 50
    assert all(0.2 < places.count(place) / len(places) < 0.47 for place in range(3)), places


def test_where_no_script_runs_a_fold_holds_the_answer(shown):
    predict("What happens to `x` & y?", THREE)
    page = re.sub(r"(?s)<(script|style)>.*?</\1>", "", shown[0][1])
    asked, told = page.split("<details>")
    assert "What happens to <code>x</code> &amp; y?" in asked and "it &lt;b&gt;grows" in asked
    assert "Right" not in asked and "yes" not in asked
    wanted = ["No. no", "No. no: see <code>x</code>", "Right. yes"]
    assert sorted(re.findall(r"<li>(.*?)</li>", told)) == wanted


def test_the_script_gets_the_question_whole(shown):
    predict("</script>?", THREE)
    text = re.search(r"(?s)window\.ganQuiz\.create\((\{.*?\}), \"predict", shown[0][1])[1]
    asked = json.loads(text)
    assert asked["question"] == "&lt;/script&gt;?" and asked["type"] == "multiple_choice"
    told = {a["answer"]: (a["correct"], a["feedback"]) for a in asked["answers"]}
    assert told == {
        "it &lt;b&gt;grows": (False, "no: see <code>x</code>"),
        "it falls": (True, "yes"),
        "neither": (False, "no"),
    }


def test_on_colab_each_output_brings_the_script(monkeypatch, shown):
    monkeypatch.setitem(notebook.sys.modules, "google.colab", SimpleNamespace())
    predict("one?", THREE)
    predict("two?", THREE)
    assert all("class Question" in page for _, page in shown)


def test_a_prediction_that_is_none_is_refused():
    wrong = [
        ("q", THREE[:2], "three answers"),
        ("q", [(t, False, w) for t, _, w in THREE], "exactly one"),
        ("q", [(t, True, w) for t, _, w in THREE], "exactly one"),
        ("how big is $x$?", THREE, "no formulas"),
        ("q", [*THREE[:2], ("a", False, "$x$")], "no formulas"),
    ]
    for question, answers, reason in wrong:
        with pytest.raises(ValueError, match=reason):
            predict(question, answers)
