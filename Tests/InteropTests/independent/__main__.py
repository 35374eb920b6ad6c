"""`open KIND SECRET IN OUT`, `seal RECIPIENT IN OUT`, `recipient KIND SECRET`: SECRET is an identity, or hexadecimal."""

import hmac
import os
import sys
from pathlib import Path

from . import agefile
from .wraps import Hybrid, HybridTagged, Tagged

KINDS = {"hybrid": Hybrid, "p256tag": Tagged.from_hex, "mlkem768p256tag": HybridTagged.from_hex}


def open_file(kind: str, secret: str, source: str, target: str) -> None:
    """Open a file that has one stanza of a kind."""
    key = KINDS[kind](secret)
    stanzas, covered, code, payload = agefile.read_header(Path(source).read_bytes())
    [stanza] = [stanza for stanza in stanzas if stanza.arguments[0] == key.kind]
    file_key = key.unwrap(stanza)
    assert len(file_key) == 16 and hmac.compare_digest(code, agefile.code(file_key, covered))
    Path(target).write_bytes(agefile.open_payload(file_key, payload))


def seal_file(recipient: str, source: str, target: str) -> None:
    """Seal a file to a hybrid recipient."""
    file_key = os.urandom(16)
    header = agefile.write_header(file_key, [Hybrid.wrap(recipient, file_key)])
    Path(target).write_bytes(header + agefile.seal_payload(file_key, Path(source).read_bytes()))


def print_recipient(kind: str, secret: str) -> None:
    print(KINDS[kind](secret).recipient())


VERBS = {"open": open_file, "seal": seal_file, "recipient": print_recipient}
VERBS[sys.argv[1]](*sys.argv[2:])
