"""A document in the format the user asked for: table, json, csv, markdown or html."""

import json
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from llmpick.errors import UsageError
from llmpick.report.document import Document, Lines, Section, Table
from llmpick.report.text import render, text_of

FORMATS = ("table", "json", "csv", "markdown", "html")
SUFFIXES = {".json": "json", ".csv": "csv", ".md": "markdown", ".markdown": "markdown", ".html": "html", ".htm": "html",
            ".svg": "svg", ".png": "png"}  # fmt: skip
"""What the name of an output file says about its format, where ``--format`` says nothing else."""


def show(document: Document, output_format: str = "table", output: str | None = None) -> int:
    """Print the document, or write it to ``output``; returns the exit code it carries."""
    if output_format not in FORMATS:
        raise UsageError(f"unknown output format {output_format!r}", f"one of {', '.join(FORMATS)}")
    for warning in document.warnings:
        print(f"warning: {warning}", file=sys.stderr)
    if output is None:
        sys.stdout.write(render_document(document, output_format, to_terminal=sys.stdout.isatty()) + "\n")
        sys.stdout.flush()
    else:
        _write(Path(output), _file_bytes(document, output_format, Path(output).suffix.lower()))
    return document.exit_code


def _file_bytes(document: Document, output_format: str, suffix: str) -> bytes:
    """The file's contents; its suffix decides where the format was left to us."""
    kind = SUFFIXES.get(suffix, "table") if output_format == "table" else output_format
    if kind not in ("svg", "png"):
        return (render_document(document, kind, to_terminal=False) + "\n").encode()
    if document.figure is None:
        raise UsageError(f"this answer has no picture for a {suffix} file", "llmpick memory MODEL --plot has one")
    from llmpick.report.figure import drawn

    return drawn(document.figure(), kind)


def render_document(document: Document, output_format: str, to_terminal: bool) -> str:
    """The document as text in one of `FORMATS`."""
    if output_format == "json":
        return json.dumps(document.data, ensure_ascii=False, indent=2 if to_terminal else None)
    sections = document.sections()
    if output_format == "csv":
        return _csv(sections)
    if output_format == "markdown":
        return "\n\n".join(_markdown(section) for section in sections)
    if output_format == "html":
        return _html(sections, _inline_picture(document))
    width = terminal_width() if to_terminal else _wanted_width()
    return render(sections, width, color=to_terminal and "NO_COLOR" not in os.environ)


def terminal_width() -> int:
    """Columns of the terminal, as the user's COLUMNS or the terminal itself says."""
    return _wanted_width() or os.get_terminal_size(sys.stdout.fileno()).columns or 80


def _wanted_width() -> int | None:
    columns = os.environ.get("COLUMNS", "")
    return int(columns) if columns.isdecimal() and int(columns) > 0 else None


def _write(path: Path, contents: bytes) -> None:
    try:
        path.write_bytes(contents)
    except OSError as error:
        raise UsageError(f"cannot write {path}: {error.strerror}") from None


def _csv(sections: Sequence[Section]) -> str:
    """Every table, one after the other, those with the same columns as one; text sections are left out."""
    import csv
    import io

    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\n")
    head: list[str] = []
    for table in (section for section in sections if isinstance(section, Table)):
        titles = [column.title for column in table.columns]
        if titles != head:
            writer.writerows([[], titles] if head else [titles])
            head = titles
        writer.writerows([[text_of(cell) for cell in row] for row in table.rows])
    return buffer.getvalue().rstrip("\n")


def _markdown(section: Section) -> str:
    title = [f"### {section.title}", ""] if section.title else []
    if isinstance(section, Lines):
        return "\n".join([*title, *(text_of(line) + "  " for line in section.lines)]).rstrip()
    head = "| " + " | ".join(column.title for column in section.columns) + " |"
    rule = "|" + "|".join(" ---: " if column.right else " --- " for column in section.columns) + "|"
    rows = ["| " + " | ".join(text_of(cell).replace("|", "\\|") for cell in row) + " |" for row in section.rows]
    notes = ["", *section.notes] if section.notes else []
    return "\n".join([*title, head, rule, *rows, *notes])


def _inline_picture(document: Document) -> str:
    """The picture as an element of a page, where the answer has one and it can be drawn here."""
    from importlib.util import find_spec

    if document.figure is None or find_spec("matplotlib") is None:
        return ""
    from llmpick.report.figure import drawn

    text = drawn(document.figure(), "svg").decode()
    return text[text.index("<svg") :]


def _html(sections: Sequence[Section], picture: str) -> str:
    """A page that stands by itself."""
    from html import escape

    parts = ['<!doctype html><html lang="en"><head><meta charset="utf-8"><title>llmpick</title><style>'
             "body{font:15px system-ui;margin:2em}table{border-collapse:collapse}td,th{padding:.25em .8em;"
             "border-bottom:1px solid #ccc;text-align:left}.r{text-align:right}</style></head><body>"]  # fmt: skip
    for section in sections:
        if section.title:
            parts.append(f"<h2>{escape(section.title)}</h2>")
        if isinstance(section, Lines):
            parts += [f"<p>{escape(text_of(line))}</p>" for line in section.lines]
            continue
        sides = [' class="r"' if column.right else "" for column in section.columns]
        cells = [f"<th{side}>{escape(column.title)}</th>" for side, column in zip(sides, section.columns, strict=True)]
        parts.append("<table><tr>" + "".join(cells) + "</tr>")
        for row in section.rows:
            cells = [f"<td{side}>{escape(text_of(cell))}</td>" for side, cell in zip(sides, row, strict=True)]
            parts.append("<tr>" + "".join(cells) + "</tr>")
        parts.append("</table>" + "".join(f"<p><small>{escape(note)}</small></p>" for note in section.notes))
    return "\n".join([*parts, picture, "</body></html>"])
