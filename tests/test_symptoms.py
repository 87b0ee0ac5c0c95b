"""The sheet of symptoms: each row is whole, and points at a section that exists."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
SHEET = (ROOT / "docs" / "symptoms.md").read_text(encoding="utf-8")
ROWS = [line for line in SHEET.splitlines() if line.startswith("| ") and not line.startswith("| you see")]
LINK = re.compile(r"\[(\d\d)(?: deeper)?(?: §([\d, ]+)|, [Bb]reak it)\]\(\.\./(notebooks/[\w/]+\.ipynb)\)")


def faults(row):
    cells = [cell.strip() for cell in row.strip("|").split(" | ")]
    if len(cells) != 6 or not all(cells):
        return f"{len(cells)} cells, some of them empty"
    links = LINK.findall(cells[5])
    if not links:
        return "no link to a section"
    for lesson, sections, path in links:
        source = ROOT / path.replace("notebooks/", "notebooks/source/", 1).replace(".ipynb", ".py")
        if not source.exists() or not source.name.startswith(lesson):
            return f"{path} is no notebook of lesson {lesson}"
        text = source.read_text(encoding="utf-8")
        for section in re.findall(r"\d+", sections):
            if not re.search(rf"^# ## {section}\b", text, re.M):
                return f"{path} has no section {section}"
        if not sections and "break it" not in text.lower():
            return f"{path} breaks nothing"
    return ""


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row[2:40])
def test_a_row_is_whole_and_its_section_exists(row):
    assert not faults(row)


def test_wrong_rows_are_noticed():
    assert len(ROWS) > 30
    good = next(row for row in ROWS if "§1](" in row)
    assert "no section 77" in faults(good.replace("§1](", "§77]("))
    assert "no notebook" in faults(re.sub(r"\[\d\d", "[99", good))
    assert "cells" in faults(good.replace(" | ", " ", 1))
    assert "no link" in faults(re.sub(r"\[\d\d.*", "somewhere |", good))
