"""age's file format (C2SP age.md): header, its code, and the payload's chunks."""

import base64
import hmac
import os
from dataclasses import dataclass

from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

CHUNK, TAG = 65536, 16


@dataclass
class Stanza:
    """One recipient's part of a header."""

    arguments: list[str]
    body: bytes


def unpadded(data: bytes) -> str:
    return base64.b64encode(data).decode().rstrip("=")


def bytes_of(text: str) -> bytes:
    data = base64.b64decode(text + "=" * (-len(text) % 4), validate=True)
    assert unpadded(data) == text, "canonical base64"
    return data


def hkdf(secret: bytes, salt: bytes, info: str) -> bytes:
    return HKDF(SHA256(), 32, salt, info.encode()).derive(secret)


def code(file_key: bytes, text: bytes) -> bytes:
    return hmac.digest(hkdf(file_key, b"", "header"), text, "sha256")


def read_header(file: bytes) -> tuple[list[Stanza], bytes, bytes, bytes]:
    """Stanzas, the bytes that the code covers, the code, the payload."""
    first, _, rest = file.partition(b"\n")
    assert first == b"age-encryption.org/v1"
    stanzas: list[Stanza] = []
    while not rest.startswith(b"---"):
        head, _, rest = rest.partition(b"\n")
        assert head.startswith(b"-> ")
        body = b""
        while True:
            line, _, rest = rest.partition(b"\n")
            body += bytes_of(line.decode())
            if len(line) < 64:
                break
        stanzas.append(Stanza(head.decode()[3:].split(" "), body))
    covered = file[: len(file) - len(rest) + 3]
    end, _, payload = rest.partition(b"\n")
    return stanzas, covered, bytes_of(end.decode()[4:]), payload


def write_header(file_key: bytes, stanzas: list[Stanza]) -> bytes:
    text = "age-encryption.org/v1\n"
    for stanza in stanzas:
        encoded = unpadded(stanza.body)
        lines = [encoded[start : start + 64] for start in range(0, len(encoded) + 1, 64)]
        text += "\n".join(["-> " + " ".join(stanza.arguments), *lines, ""])
    covered = (text + "---").encode()
    return covered + f" {unpadded(code(file_key, covered))}\n".encode()


def nonce(index: int, is_last: bool) -> bytes:
    return index.to_bytes(11, "big") + bytes([is_last])


def seal_payload(file_key: bytes, plaintext: bytes) -> bytes:
    salt = os.urandom(16)
    cipher = ChaCha20Poly1305(hkdf(file_key, salt, "payload"))
    starts = range(0, max(1, len(plaintext)), CHUNK)
    return salt + b"".join(
        cipher.encrypt(nonce(index, start + CHUNK >= len(plaintext)), plaintext[start : start + CHUNK], None)
        for index, start in enumerate(starts)
    )


def open_payload(file_key: bytes, payload: bytes) -> bytes:
    cipher = ChaCha20Poly1305(hkdf(file_key, payload[:16], "payload"))
    chunks = payload[16:]
    starts = range(0, len(chunks), CHUNK + TAG)
    return b"".join(
        cipher.decrypt(nonce(index, start + CHUNK + TAG >= len(chunks)), chunks[start : start + CHUNK + TAG], None)
        for index, start in enumerate(starts)
    )
