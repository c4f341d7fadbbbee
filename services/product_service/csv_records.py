"""CSV (RFC 4180) from a stream of bytes, record by record, so that a file may have any size.

The text is UTF-8; a byte order mark, which spreadsheets write, is ignored. Lines end with LF or CRLF. A quoted field
may hold line ends. The length of a record is limited, so that a missing closing quote is reported at the line of its
record.
"""

import asyncio
import codecs
import csv
from collections.abc import AsyncIterable, AsyncIterator, Iterator
from dataclasses import dataclass

LONGEST_RECORD = 32_768
"""Characters; more than the largest product takes with each of its characters quoted."""


class MalformedCsv(Exception):
    """The text cannot be split into records. `line` counts from 1."""

    def __init__(self, line: int, reason: str) -> None:
        super().__init__(f"line {line}: {reason}")
        self.line = line
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Record:
    """The fields of one record, and the line on which it begins, counted from 1."""

    line: int
    fields: list[str]


async def records(chunks: AsyncIterable[bytes]) -> AsyncIterator[Record]:
    """Yield the records of a file that comes in chunks; empty lines are left out.

    Raises:
        MalformedCsv: it is no UTF-8, a quote is out of place or never closed, or a record is too long.
    """
    splitter = _Splitter()
    decoder = codecs.getincrementaldecoder("utf-8-sig")()
    async for chunk in chunks:
        try:
            text = decoder.decode(chunk)
        except UnicodeDecodeError as error:
            raise MalformedCsv(splitter.line, "here or a little later the text is not UTF-8") from error
        for record in splitter.feed(text):
            yield record
        # Let other tasks run, also when the whole file has arrived already.
        await asyncio.sleep(0)
    for record in splitter.finish(decoder):
        yield record


class _Splitter:
    """Cuts text into records. Inside a quoted field the number of quotes so far is odd."""

    def __init__(self) -> None:
        self.line = 1
        self._unfinished_line = ""
        self._lines: list[str] = []
        self._length = 0
        self._quotes = 0

    def feed(self, text: str) -> Iterator[Record]:
        """Yield the records that end in `text`."""
        *lines, self._unfinished_line = (self._unfinished_line + text).split("\n")
        for line in lines:
            yield from self._take(line + "\n")
        self._check_length(len(self._unfinished_line))

    def finish(self, decoder: codecs.IncrementalDecoder) -> Iterator[Record]:
        """Yield the last record, if no line end comes after it."""
        try:
            decoder.decode(b"", final=True)
        except UnicodeDecodeError as error:
            raise MalformedCsv(self.line, "the text ends in the middle of a character") from error
        if self._unfinished_line:
            yield from self._take(self._unfinished_line)
        if self._lines:
            raise MalformedCsv(self.line, "a quote is never closed")

    def _take(self, line: str) -> Iterator[Record]:
        self._check_length(len(line))
        self._lines.append(line)
        self._length += len(line)
        self._quotes += line.count('"')
        if self._quotes % 2 == 0:
            fields = _fields(self.line, "".join(self._lines))
            if fields:
                yield Record(self.line, fields)
            self.line += len(self._lines)
            self._lines, self._length, self._quotes = [], 0, 0

    def _check_length(self, more: int) -> None:
        if self._length + more > LONGEST_RECORD:
            reason = "a quote is never closed" if self._quotes % 2 else "the record is too long"
            raise MalformedCsv(self.line, f"{reason} ({LONGEST_RECORD} characters)")


def _fields(line: int, text: str) -> list[str]:
    try:
        found = list(csv.reader([text], strict=True))
    except csv.Error as error:
        raise MalformedCsv(line, "a quote or a line end is out of place") from error
    return found[0] if found else []
