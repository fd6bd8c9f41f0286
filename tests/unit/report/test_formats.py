"""The formats: each says all that the document says, none can be broken by names, all stand alone."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from html.parser import HTMLParser

import msgspec
import pytest
from builders import a_cluster, a_host, a_vm, an_inventory

import rhevmig
from rhevmig.inventory import Engine
from rhevmig.report import Document, Report
from rhevmig.report.document import Cell, FindingGroup, Prose, Table
from tests.recorded import recorded_inventory

VOID = {"meta", "br", "hr", "input", "link", "img", "line", "path"}
HOSTILE = '<script>alert("1")</script> | *bold* `code` & "quoted"\nsecond line'


class Page(HTMLParser):
    """Reads a page, checks that its tags nest, and keeps what it says and points to."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.words: list[str] = []
        self.tags: list[str] = []
        self.links: list[str] = []
        self.titles: list[str] = []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        found = dict(attrs)
        self.links.extend(found[name] or "" for name in ("href", "src", "action") if name in found)
        self.titles.append(found.get("title") or "")
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if tag not in VOID:
            assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.words.append(data)

    @property
    def text(self) -> str:
        return " ".join(" ".join(self.words + self.titles).split())


def recorded_report() -> Report:
    inventory = recorded_inventory()
    return Report(inventory, rhevmig.check(inventory))


def said_by(document: Document) -> Iterator[str]:
    """Every text that the document holds for a reader."""
    for fact in document.record:
        yield fact.name
    for section in document.walk():
        yield section.title
        for block in section.blocks:
            if isinstance(block, Prose):
                yield block.text.replace("`", "")
            if isinstance(block, FindingGroup):
                yield from (block.check_id, block.title, block.remedy, *block.thresholds)
                for item in block.items:
                    yield from (item.message, item.missing, item.remedy)
                    yield from (found.name for found in item.objects)
                    yield from (part for row in item.evidence for part in row)
    for table in document.tables():
        yield from cells_of(table)


def cells_of(table: Table) -> Iterator[str]:
    yield table.caption
    yield from (column.title for column in table.columns if table.rows)
    for row in table.rows:
        yield from (value.text if isinstance(value, Cell) else value for value in row if value is not None)
    if not table.rows:
        yield table.empty


def squeezed(text: str) -> str:
    """Without blanks and backticks, which formats set as they need."""
    return "".join(text.replace("`", "").split())


def plain(markdown: str) -> str:
    """Markdown without its marks."""
    return " ".join(re.sub(r"\\(.)", r"\1", html.unescape(markdown).replace("`", "")).split())


def test_no_format_says_less_than_the_document() -> None:
    """Every text of every section, table and finding stands in the HTML page and in the Markdown."""
    report = recorded_report()
    formats = {"html": Page(report.html()).text, "markdown": plain(report.markdown())}
    missing = {
        (name, text)
        for name, whole in ((name, squeezed(text)) for name, text in formats.items())
        for text in set(said_by(report.document))
        if squeezed(text) not in whole
    }
    assert not missing


def test_json_is_the_document() -> None:
    """The JSON file decodes into the very document, and names its format and schema."""
    report = recorded_report()
    assert msgspec.json.decode(report.json(), type=Document) == report.document
    assert report.document.format == "rhevmig-report"


def test_the_page_needs_nothing_from_outside() -> None:
    """No asset, script or style is loaded from anywhere; links lead only into the page itself."""
    page = Page(recorded_report().html())
    assert all(link.startswith("#") for link in page.links)
    assert not {"link", "img", "iframe", "object"} & set(page.tags)
    assert page.open == []
    ids = set(re.findall(r'\bid="([^"]+)"', recorded_report().html()))
    assert {link[1:] for link in page.links} <= ids


def test_the_page_can_be_read_without_scripts() -> None:
    """Findings are not hidden until a script runs; only the filter's own bar is."""
    text = recorded_report().html()
    assert re.findall(r"<(\w+)[^>]* hidden>", text) == ["form"]


@pytest.mark.parametrize("place", ["host", "vm", "cluster", "title"])
def test_names_cannot_break_out(place: str) -> None:
    """A name with markup stays a name in HTML, in SVG and in Markdown tables."""
    inventory = an_inventory(
        hosts=(a_host("h1", name=HOSTILE if place == "host" else "h1"), a_host("h2")),
        vms=(a_vm(name=HOSTILE if place == "vm" else "web01"),),
        clusters=(a_cluster(name=HOSTILE if place == "cluster" else "cl"),),
    )
    report = Report(inventory, rhevmig.check(inventory), title=HOSTILE if place == "title" else None)
    page = Page(report.html())
    assert page.tags.count("script") == 1
    assert " ".join(HOSTILE.split()) in page.text
    for line in report.markdown().splitlines():
        assert "<script" not in line
        if line.startswith("| "):
            assert len(re.findall(r"(?<!\\)\|", line)) > 1
    rows = [line for line in report.markdown().splitlines() if line.startswith("|")]
    widths = [len(re.findall(r"(?<!\\)\|", line)) for line in rows]
    heads = [number for number, line in enumerate(rows) if set(line) <= set("|-: ")]
    for head, following in zip(heads, [*[h - 1 for h in heads[1:]], len(rows)], strict=True):
        assert set(widths[head:following]) == {widths[head]}


def test_secrets_do_not_reach_the_report() -> None:
    """Credentials in the engine's address are left out of every format."""
    engine = Engine(url="https://admin:s3cret@engine.lab.example/ovirt-engine/api")
    report = Report(an_inventory(engine=engine))
    for text in (report.html(), report.markdown(), report.json()):
        assert "s3cret" not in text
        assert "engine.lab.example" in text


def test_a_thousand_vms_stay_readable() -> None:
    """Long tables are folded after some rows, and the page of 920 VMs stays under two megabytes."""
    vms = tuple(a_vm(f"vm{n:03}", host_id="h1" if n % 2 else "h2") for n in range(920))
    inventory = an_inventory(vms=vms)
    report = Report(inventory, rhevmig.check(inventory))
    text = report.html()
    assert len(text) < 2_000_000
    outside = re.sub(r"<details.*?</details>", "", text, flags=re.DOTALL)
    assert outside.count("<tr>") < 400
    assert Page(text).text.count("vm919") >= 2
