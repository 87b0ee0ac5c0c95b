"""What a visitor meets first: README, citation, forms, public CI; that they agree with the course."""

import re
import tomllib

import pytest
import yaml
from test_exercises import tool  # the tool chain

from gan_helpers import records

ROOT = records.FOLDER.parent.parent
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]


def test_the_readme_counts_the_lessons_and_gives_their_minutes():
    text = (ROOT / "README.md").read_text()
    assert tool.front(text) == text, "write it anew: make badges"
    lessons = sorted(path.name for path in (ROOT / "notebooks").glob("[0-9]*.ipynb"))
    minutes = re.findall(r"\]\(notebooks/(\w+\.ipynb)\).*\| (\d+) min \|$", text, re.M)
    assert [name for name, _ in minutes] == lessons and all(20 <= int(m) <= 60 for _, m in minutes)
    assert f"**{len(lessons)} of 21 lessons are ready**" in text


def test_counts_and_minutes_are_written_where_they_are_wrong():
    text = (ROOT / "README.md").read_text()
    wrong = re.sub(r"\d+ min \|", "7 min |", text).replace(" of 21 lessons", " of 3 lessons")
    assert wrong != text and tool.front(wrong) == text


def test_the_citation_agrees_with_the_project():
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text())
    assert citation["version"] == PROJECT["version"]
    assert citation["repository-code"] == PROJECT["urls"]["Repository"]
    assert {"cff-version", "message", "title", "authors", "license"} <= citation.keys()
    changes = (ROOT / "CHANGELOG.md").read_text()
    assert re.search(rf"^## {re.escape(PROJECT['version'])} – {citation['date-released']}$", changes, re.M)


@pytest.mark.parametrize("name", ["error", "question", "hint"])
def test_an_issue_form_is_one_that_github_accepts(name):
    form = yaml.safe_load((ROOT / ".github" / "ISSUE_TEMPLATE" / f"{name}.yml").read_text())
    assert form["name"] and form["description"] and form["body"]
    fields = [field["id"] for field in form["body"]]
    assert len(set(fields)) == len(fields) and fields[0] == "where"
    for field in form["body"]:
        assert (
            field["type"] in {"input", "textarea", "dropdown", "checkboxes"} and field["attributes"]["label"]
        )
    assert form["body"][0]["validations"]["required"] is True


def test_public_ci_runs_make_test_on_linux_and_macos():
    flow = yaml.safe_load((ROOT / ".github" / "workflows" / "test.yml").read_text())
    job = flow["jobs"]["test"]
    assert job["strategy"]["matrix"]["os"] == ["ubuntu-latest", "macos-latest"]
    assert [step["run"] for step in job["steps"] if "run" in step] == ["make test"]


def test_the_other_routes_install_what_the_course_needs():
    """Binder's list has every dependency of the package, with the same lower bound; torch for the CPU."""
    listed = yaml.safe_load((ROOT / "binder" / "environment.yml").read_text())["dependencies"]
    pip = next(entry["pip"] for entry in listed if isinstance(entry, dict))
    given = {*pip, *(entry for entry in listed if isinstance(entry, str))}
    wanted = {text.replace("torch>=", "pytorch-cpu>=") for text in PROJECT["dependencies"]}
    assert wanted <= given, wanted - given
    start = (ROOT / ".devcontainer" / "devcontainer.json").read_text()
    assert '"postCreateCommand": "make env"' in start
    assert re.search(r"^env: \$\(READY\)$", (ROOT / "Makefile").read_text(), re.M)
