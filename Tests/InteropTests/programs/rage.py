"""rage, through pyrage: `seal|open KEYS IN OUT [-a]`. KEYS has recipients or an identity, or `passphrase: …`."""

import sys
from pathlib import Path

import pyrage

BEGINNINGS = {"age1tagpq1": pyrage.tagpq, "age1tag1": pyrage.tag, "age1": pyrage.x25519, "ssh-": pyrage.ssh}


def recipient(text: str) -> object:
    module = next(module for beginning, module in BEGINNINGS.items() if text.startswith(beginning))
    return module.Recipient.from_str(text)


def identity(text: str) -> object:
    if text.startswith("-----BEGIN OPENSSH"):
        return pyrage.ssh.Identity.from_buffer(text.encode())
    [line] = [line for line in text.splitlines() if line and not line.startswith("#")]
    return pyrage.x25519.Identity.from_str(line)


verb, keys, source, target = sys.argv[1:5]
text, data = Path(keys).read_text(), Path(source).read_bytes()
passphrase = text.removeprefix("passphrase: ").rstrip("\n") if text.startswith("passphrase: ") else None
if verb == "open":
    result = pyrage.passphrase.decrypt(data, passphrase) if passphrase else pyrage.decrypt(data, [identity(text)])
elif passphrase:
    result = pyrage.passphrase.encrypt(data, passphrase, armored="-a" in sys.argv)
else:
    result = pyrage.encrypt(data, [recipient(line) for line in text.splitlines()], armored="-a" in sys.argv)
Path(target).write_bytes(result)
