"""Plain technical English in everything that a person reads: docstrings, strings, pages, templates.

`python tests/house/test_language.py rhevmig/checks` lists what is found below one folder.
"""

from __future__ import annotations

import ast
import re
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]

#: Private phrasing → what to write instead. A pattern is matched without regard to case.
WORDS = {
    r"\bwhoever\b": "the person, the client, any caller",
    r"\bwhatever\b": "any, regardless of",
    r"(?-i:(?<!-)\b[Nn]obody\b)": "no one (or name the actor)",
    r"\bsomebody\b": "another client, a person",
    r"\bheld against\b|\bholds? [^.,;:]{0,40}\bagainst\b": "compared with",
    r"\bof (its|their|his|her) own\b": "its own X, separate, dedicated",
    r"\bof one's own\b": "own",
    r"\bwithout a word\b": "silently",
    r"\bhow-manieth\b": "which occurrence",
    r"\b(is|are) (not )?(told|said)\b": "is (not) reported",
    r"\b(is|are) meant\b": "is intended, means",
    r"\bbeside(s)? (the|it|them|a|an|its|their)\b": "next to, in addition to",
    r"\bthe engine (tells|told|says|said)\b": "the engine reports",
    r"\b(API|engine|host|hosts|guest|agent|SDK) (does|do|did) not (tell|say)\b": "does not report",
    r"\btells? (what|which|how|who|whether|nothing|little|apart)\b": "reports, shows, distinguishes",
    r"\bper (a|an)\b": "per",
    r"\b(ms|s|seconds|bytes|rows?|lines?|requests?) an? (VM|host|cluster|row|request|move|second)\b": "per",
    r"\bone (module|page|line|row|record|file|test|test case) an? [a-z]+\b": "one … per …",
    r"\bthe way (home|of the bytes)\b": "the return, the network path",
    r"\bheld (down|up) by\b": "limited by",
    r"\b(comes?|came) to (nothing|an end|be)\b": "ends, fails, becomes",
    r"\bon purpose\b": "deliberately, planned, injected",
    r"\bspeaks of\b": "is about, refers to",
    r"\bspoken of\b": "mentioned",
    r"\bis asked (for|of)\b": "is requested",
    r"\bto be had\b": "available",
    r"\bin (its|the engine's) own (words|shapes)\b": "as the engine writes it",
    r"\bwhat befalls\b": "failures of",
    r"\bstood still\b|\bstands? still\b": "did not change",
    r"\blies (on|in|at|where)\b": "is on, is in",
    r"\bso to speak\b|\bas it were\b": "(delete)",
    r"\bkeeps? [a-z ]{1,30} in mind\b": "stores, tracks",
    r"\btied? (in|to|together) by\b": "connected",
    r"\bmidst\b|\bamidst\b|\bwhilst\b|\bthereof\b|\bthereby\b|\bwherein\b": "(plain word)",
    r"\bfor nobody\b|\bby heart\b|\bat home\b": "(plain word)",
    r"\bmakes? of (it|them)\b": "does about",
    r"\bdear(er|est)? to (read|ask)\b|\bdearest\b": "expensive",
    r"\bthe engine _": "(search-and-replace scar)",
    r"\btold\b": "reported, given, known, configured",
    r"\b(engine|API|policy|host|scenario|body|page|event|message|answer|table|file|text) says\b": "reports",
    r"\bsays (so|it|what|that|nothing|no|of|which|how)\b": "reports, states, shows",
    r"\b(was|were) (said|meant)\b": "was reported, was intended",
    r"\basks? (so much )?of\b|\basked of\b": "requested from, demands",
    r"\bstands? (in|on|at|under|between)\b": "is in, is on",
    r"\banew\b|\bafresh\b": "again, new",
    r"\bheeds?\b": "follows, respects",
    r"\bso many (seconds|bytes|lines|runs|rounds|hosts|VMs|times)\b": "this number of",
    r"\b(has|have|is to|will) becomes? of\b|\bbecame of\b": "the result, the outcome",
    r"\bbreaks? off\b|\bbroke off\b": "is incomplete, ends early",
    r"\bwithout its like\b": "unmatched",
    r"\bhand(s|ed)? over\b": "deliver, pass",
}
PATTERNS = {re.compile(pattern, re.IGNORECASE): better for pattern, better in WORDS.items()}

#: Texts that are facts of the engine, libvirt or other programs, and pages generated from recordings.
FACTS = (
    "rhevmig/lab/data/",
    "rhevmig/engine/data/",
    "rhevmig/migration/data/",
    "rhevmig/scheduling/data/",
    "docs/observed.md",
    "CHANGELOG.md",
)
PROSE = (".md", ".j2", ".template")


def texts(path: Path) -> list[tuple[int, str]]:
    """What a person reads in one file: string constants and docstrings of Python, lines of prose."""
    if path.suffix != ".py":
        return [(n, line) for n, line in enumerate(path.read_text().splitlines(), 1)]
    source = path.read_text()
    found = [
        (node.lineno, " ".join(node.value.split()))
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    ]
    comments = [(n, line) for n, line in enumerate(source.splitlines(), 1) if line.lstrip().startswith("#")]
    return found + comments


def offences(folder: Path) -> list[str]:
    files = [folder] if folder.is_file() else sorted(folder.rglob("*"))
    found = []
    for path in files:
        if path.suffix not in (".py", *PROSE) or any(
            part.startswith(".") for part in path.relative_to(ROOT).parts
        ):
            continue
        name = path.relative_to(ROOT).as_posix()
        if name.startswith(FACTS):
            continue
        for number, text in texts(path):
            for pattern, better in PATTERNS.items():
                if match := pattern.search(text):
                    found.append(f"{name}:{number}: {match.group(0)!r} → {better}: {text[:90]}")
    return found


def test_the_product_speaks_plain_technical_english() -> None:
    """No string, docstring, comment, template or page of the product holds a phrase of the word list."""
    wrong = [
        line for place in ("rhevmig", "docs", "README.md", "examples") for line in offences(ROOT / place)
    ]
    assert not wrong, f"{len(wrong)}\n" + "\n".join(wrong)


def marks_inside_functions(path: Path) -> list[str]:
    """Lines of a file where `#:`, which describes an attribute, stands inside a function."""
    source = path.read_text()
    lines = source.splitlines()
    inside: set[int] = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            inside.update(range(node.lineno, (node.end_lineno or node.lineno) + 1))
    name = path.relative_to(ROOT).as_posix()
    return [f"{name}:{n}" for n in sorted(inside) if is_mark(lines, n - 1)]


def is_mark(lines: list[str], index: int) -> bool:
    """Whether this line is a `#:` that does not stand above an attribute which a constructor sets."""
    if not lines[index].lstrip().startswith("#:"):
        return False
    below = next(line.lstrip() for line in lines[index:] if not line.lstrip().startswith("#:"))
    return not below.startswith("self.")


def test_attribute_comments_stand_only_at_attributes() -> None:
    """`#:` describes an attribute of a class or module; inside a function a comment is `#`."""
    wrong = [
        line for path in sorted((ROOT / "rhevmig").rglob("*.py")) for line in marks_inside_functions(path)
    ]
    assert not wrong, "\n".join(wrong)


if __name__ == "__main__":
    for argument in sys.argv[1:] or ["rhevmig"]:
        print("\n".join(offences((ROOT / argument).resolve())))
