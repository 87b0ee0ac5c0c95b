"""How long a notebook takes to study, and the places of its text that say so.

Minutes = (words + half of the folded ones) / 150 + nodes of the code's syntax tree / 50 + 1 for a picture
+ ½ for a displayed formula. Set-up, exercises, checks and hidden code are not studied. Calls of claim, table,
how_sure and predict are sentences: their words count, their code does not.

The text says it in three places, all written from here: behind each section's heading, in links to it, and in
the head between *Study:* and *Run time:*. The separator is ASCII, because JupyterLab (4.6) looks for
the percent-encoded link among plain headings: a link to a heading with "·" leads nowhere.
"""

from __future__ import annotations

import ast
import re

from nbformat import NotebookNode

SPOKEN = {"claim", "table", "how_sure", "predict"}
NOT_STUDIED = r"setup|exercise.*|check.*|solution.*"
QUIET = (ast.Load, ast.Store, ast.Del, ast.operator, ast.unaryop, ast.cmpop, ast.boolop)
FENCE, FOLD, FORMULA = r"(?s)```.*?```", r"(?s)<details.*?</details>", r"(?s)\$\$.+?\$\$"
LINK = re.compile(r"(?<=\]\()((?:[^()\s]|\([^()\s]*\))+)")  # the target, which may hold a pair of brackets
HEADING = re.compile(r"(?m)^((?:# )?## )(.+?)(?: \(\d+ min\)| · \d+ min)?$")  # in a cell, or in a source
IN_LINK = re.compile(r"-(?:\(\d+-min\)|·-\d+-min)$")
STUDY = re.compile(r"\*Study:\* [^*\n]*(?=\*Run time:\*)")


# --- how long ---------------------------------------------------------------------------------


def is_spoken(node: ast.AST) -> bool:
    """Is this statement a call of claim, table, how_sure or predict?"""
    call = getattr(node, "value", None) if isinstance(node, ast.Expr) else None
    name = getattr(call, "func", None)
    return isinstance(call, ast.Call) and getattr(name, "attr", getattr(name, "id", "")) in SPOKEN


def code_of(source: str) -> ast.Module:
    """The syntax tree of a cell; magics count as pass."""
    return ast.parse(re.sub(r"(?m)^(\s*)[%!].*$", r"\1pass", source))


def code_lines(source: str) -> list[str]:
    """The lines of a cell that hold code to read: no blank lines, comments, or spoken statements."""
    spoken = set()
    for node in filter(is_spoken, ast.walk(code_of(source))):
        spoken.update(range(node.lineno, node.end_lineno + 1))
    lines = enumerate(source.splitlines(), 1)
    return [line for n, line in lines if n not in spoken and line.strip() and line.strip()[0] != "#"]


def count_words(text: str) -> int:
    """The words of Markdown without tables and pictures; a formula, code, or a link's target is one."""
    text = re.sub(FENCE + r"|\$\$.+?\$\$|<!--.*?-->", " ", text)
    text = re.sub(r"(?m)^\s*\|.*$|!\[[^\]]*\]\([^)]*\)|\[!\[.*?\)\]\(.*?\)", " ", text)
    text = re.sub(r"\$[^$\n]+\$|`[^`\n]+`|\]\([^)]*\)|<[^>]+>", " x ", text)
    return len(re.findall(r"[^\W\d_][\w'’-]*", text))


def minutes_of_text(text: str) -> float:
    folded = " ".join(re.findall(FOLD, text))
    words = count_words(re.sub(FOLD, " ", text)) + count_words(folded) / 2
    pictures = len(re.findall(r"!\[[^\]]*\]\((?!https?:)", text))
    return words / 150 + pictures + len(re.findall(FORMULA, text)) / 2


def minutes_of_code(cell: NotebookNode) -> float:
    """Minutes for one code cell and its pictures; of a hidden cell only what it says and shows."""
    tags = cell.metadata.get("tags", [])
    if any(re.fullmatch(NOT_STUDIED, tag) for tag in tags):
        return 0.0
    tree, words = code_of(cell.source), 0
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.ClassDef) and ast.get_docstring(node) is not None:
            node.body = node.body[1:] or [ast.Pass()]
        if is_spoken(node):
            said = [a.value for a in node.value.args if isinstance(a, ast.Constant)]
            words += sum(count_words(text) for text in said if isinstance(text, str))
            node.value = ast.Constant(None)
    nodes = sum(not isinstance(node, QUIET) for node in ast.walk(tree))
    if "hide-input" in tags or not code_lines(cell.source):
        nodes = 0
    data = [out.get("data", {}) for out in cell.get("outputs", [])]
    pictures = sum(any(k.startswith("image/") for k in d) or "<img" in d.get("text/html", "") for d in data)
    return words / 150 + nodes / 50 + pictures


def study(nb: NotebookNode) -> dict[str, tuple[float, float]]:
    """(minutes of study, minutes of exercises) by the heading of a section; "" stands before the first.

    Text under a heading "Exercise …" counts for what it says itself: "●○○ · 5 minutes · …".
    """
    times, section, exercise = {"": (0.0, 0.0)}, "", False
    for cell in nb.cells:
        if cell.cell_type == "code":
            times[section] = (times[section][0] + minutes_of_code(cell), times[section][1])
            continue
        text = re.sub(FENCE, " ", plain(cell.source))  # a comment in a folded solution is no heading
        for part in re.split(r"(?m)^(?=#{1,6} )", text):
            if found := re.match(r"(#+) +(.+)", part):
                exercise = bool(re.match(r"(?i)(\d+\s+)?exercises?\b", found[2]))
                section = found[2] if found[1] == "##" else section
            learnt, tried = times.get(section, (0.0, 0.0))
            if exercise:
                tried += sum(map(int, re.findall(r"· (\d+) minutes?\b", part)))
            else:
                learnt += minutes_of_text(part)
            times[section] = (learnt, tried)
    return times


# --- where the text says it -------------------------------------------------------------------


def plain(text: str) -> str:
    """Text of a cell or of a source without the minutes in its headings, links and head."""
    return STUDY.sub("", HEADING.sub(r"\1\2", plain_links(text)))


def plain_links(text: str) -> str:
    return LINK.sub(lambda target: IN_LINK.sub("", target[0]), text)


def carries_minutes(text: str) -> bool:
    """Is this a text whose headings end with minutes? Only such notebooks are kept up to date."""
    return HEADING.sub(r"\1\2", text) != text


def filled(text: str, times: dict[str, tuple[float, float]]) -> str:
    """Text of a cell or of a source without minutes, with these minutes in its headings and its head."""

    def heading(found: re.Match) -> str:
        if found[2] not in times:
            return found[0]
        return f"{found[1]}{found[2]} ({max(1, round(sum(times[found[2]])))} min)"

    learnt, tried = (sum(column) for column in zip(*times.values(), strict=True))
    head = f"*Study:* {learnt:.0f} minutes"
    head += f", and {tried:.0f} for the exercises. " if tried else ". "
    return HEADING.sub(heading, text).replace("*Run time:*", head + "*Run time:*", 1)


def anchors(text: str) -> list[str]:
    """What links to the headings of this Markdown look like."""
    return [h.strip().replace(" ", "-") for h in re.findall(r"(?m)^#+ +(.+)$", re.sub(FENCE, "", text))]


def relinked(text: str, anchors_in: dict[str, list[str]]) -> str:
    """Text whose links to headings have their present minutes; `anchors_in` is by the file in the link."""

    def target(found: re.Match) -> str:
        file, _, anchor = found[0].partition("#")
        bare = IN_LINK.sub("", anchor)
        now = [a for a in anchors_in.get(file, []) if IN_LINK.sub("", a) == bare]
        return f"{file}#{now[0]}" if anchor and now else found[0]

    return LINK.sub(target, text)
