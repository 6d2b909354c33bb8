"""A hash of what a table holds, whatever kind of file it came in"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Sequence


def content_hash(items: Iterable[Sequence[object]]) -> str:
    """SHA-256, in hexadecimal digits, of items that JSON can write, in their order."""
    digest = hashlib.sha256()
    for item in items:
        digest.update(json.dumps(item, ensure_ascii=False).encode("utf-8", "surrogatepass") + b"\n")
    return digest.hexdigest()
