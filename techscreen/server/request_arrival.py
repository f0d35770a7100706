"""Finds out from the bytes of a request how much of it has arrived, so that no thread has to wait for the rest.

Bytes come in; what is still awaited goes out. Only the end of a request and the number of its chunks matter here:
gunicorn reads it afterwards and says whether it is valid, so what cannot be understood counts as arrived.
"""

from __future__ import annotations

import re
from enum import Enum

MAX_HEAD = 65_536
# The largest body that the service reads. A larger one is refused by its head, without waiting for it.
MAX_BODY = 1_048_576
# The same for imports, see `techscreen/schemas/library.py`.
MAX_IMPORT = 33_554_432
# A chunked body is somewhat longer, with the lengths of its chunks.
MAX_CHUNKED = MAX_BODY + MAX_BODY // 8
MAX_CHUNKED_IMPORT = MAX_IMPORT + MAX_IMPORT // 8
MAX_CHUNK_LINE = 8_192
# Chunks and trailers together, including the empty last chunk. Each costs time to read, however little it holds.
MAX_CHUNKS = 16_384

_LENGTH = re.compile(rb"\r\ncontent-length:[ \t]*(\d{1,18})[ \t]*(?=\r\n)")
_CHUNKED = re.compile(rb"\r\ntransfer-encoding:[^\r\n]*chunked")
_IMPORTS = re.compile(rb"post [^ ?\r\n]*/library/import[ ?]")
_EXPECTS = re.compile(rb"\r\nexpect:[ \t]*100-continue")


class Awaited(Enum):
    """What has not arrived yet."""

    HEAD = "head"
    BODY = "body"
    NOTHING = "nothing"


class Arrival:
    """What has arrived of one request.

    Attributes:
        data: all bytes so far, perhaps with the beginning of the next request.
        awaited: what is still to come.
        expects_continue: whether the caller sends the body only after it has been told to.
        has_too_many_chunks: whether it must be refused without being read.
    """

    def __init__(self) -> None:
        self.data = bytearray()
        self.awaited = Awaited.HEAD
        self.expects_continue = False
        self.has_too_many_chunks = False
        self._is_chunked = False
        self._is_import = False
        self._chunks = 0
        # Where the body ends; in a chunked one, how far it has been read.
        self._position = 0
        self._left_of_chunk = 0
        self._is_trailer = False

    def add(self, data: bytes) -> None:
        """Take in what has just arrived."""
        searched = len(self.data)
        self.data += data
        if self.awaited is Awaited.HEAD:
            self._look_for_body(max(0, searched - 3))
        if self.awaited is Awaited.BODY and self._has_ended():
            self.awaited = Awaited.NOTHING

    def _look_for_body(self, start: int) -> None:
        end = self.data.find(b"\r\n\r\n", start)
        if end < 0:
            if len(self.data) > MAX_HEAD:
                self.awaited = Awaited.NOTHING
            return
        head = bytes(self.data[: end + 2]).lower()
        self._position = end + 4
        self._is_chunked = bool(_CHUNKED.search(head))
        self._is_import = bool(_IMPORTS.match(head))
        self.expects_continue = bool(_EXPECTS.search(head))
        length = _LENGTH.search(head)
        if not self._is_chunked and length and int(length[1]) <= (MAX_IMPORT if self._is_import else MAX_BODY):
            self._position += int(length[1])
            self.awaited = Awaited.BODY
        else:
            self.awaited = Awaited.BODY if self._is_chunked else Awaited.NOTHING

    def _has_ended(self) -> bool:
        if not self._is_chunked:
            return len(self.data) >= self._position
        if len(self.data) > (MAX_CHUNKED_IMPORT if self._is_import else MAX_CHUNKED):
            return True
        while True:
            if self._left_of_chunk:
                arrived = min(self._left_of_chunk, len(self.data) - self._position)
                self._position += arrived
                self._left_of_chunk -= arrived
                if self._left_of_chunk:
                    return False
            end = self.data.find(b"\r\n", self._position, self._position + MAX_CHUNK_LINE)
            if end < 0:
                return len(self.data) - self._position >= MAX_CHUNK_LINE
            line = bytes(self.data[self._position : end])
            self._position = end + 2
            self._chunks += bool(line)
            if self._chunks > MAX_CHUNKS:
                self.has_too_many_chunks = True
                return True
            if self._is_trailer:
                if not line:
                    return True
                continue
            try:
                size = int(line.partition(b";")[0], 16)
            except ValueError:
                return True
            if size < 0:
                return True
            self._is_trailer = size == 0
            self._left_of_chunk = size + 2 if size else 0
