"""The canonical form of what is hashed: the same content gives the same bytes in any program (docs/chain.md)."""

import hashlib
import json
from collections.abc import Mapping


def canonical_json(content: Mapping[str, object]) -> bytes:
    """JSON with sorted keys, no white space, letters as they are, UTF-8."""
    return json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


def sha256_of(content: bytes) -> str:
    """SHA-256 in lower-case hexadecimal."""
    return hashlib.sha256(content).hexdigest()
