"""A report's HTML as a reader sees it: headings, captions and the exact values of its tables."""

from __future__ import annotations

from dataclasses import dataclass, field
from html.parser import HTMLParser
from typing import Any


@dataclass
class Table:
    """A table: its caption, its headings, and rows of texts and exact numbers."""

    caption: str = ""
    headings: list[str] = field(default_factory=list)
    rows: list[list[Any]] = field(default_factory=list)


class Page(HTMLParser):
    """The page, read by Python's own parser."""

    def __init__(self, text: str) -> None:
        super().__init__(convert_charrefs=True)
        self.title = ""
        self.notices: list[str] = []
        self.tables: dict[str, Table] = {}
        self.tags: set[str] = set()
        self.attributes: set[str] = set()
        self._section = ""
        self._open: list[str] = []
        self._text = ""
        self._value: str | None = None
        self._is_notice = False
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        told = dict(attrs)
        self.tags.add(tag)
        self.attributes |= told.keys()
        if tag == "section":
            self._section = told["aria-labelledby"] or ""
        if tag == "table":
            self.tables[self._section] = Table()
        if tag == "tr":
            self._open = []
            self.tables[self._section].rows.append([])
        if tag in ("th", "td", "caption", "h1", "p"):
            self._text, self._value = "", None
            self._is_notice = told.get("class") == "notice"
            if tag == "th":
                assert told["scope"] in ("row", "col")
        if tag == "data":
            self._value = told["value"]

    def handle_data(self, data: str) -> None:
        self._text += data

    def handle_endtag(self, tag: str) -> None:
        if tag == "h1":
            self.title = self._text
        if tag == "p" and self._is_notice:
            self.notices.append(self._text)
        table = self.tables.get(self._section)
        if table is None:
            return
        if tag == "caption":
            table.caption = self._text
        if tag in ("th", "td"):
            value = self._text if self._value is None else float(self._value)
            table.rows[-1].append(value)
        if tag == "thead":
            table.headings = table.rows.pop()
