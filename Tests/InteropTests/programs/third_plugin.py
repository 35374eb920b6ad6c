#!/usr/bin/python3
"""A plugin of age's that does what its own name says: see BEHAVIOURS. It wraps a file key by hardly hiding it."""

import base64
import sys
from pathlib import Path

MASK = 0x5A
# What a terminal would take for an order to write in red.
RED = "\x1b[31mred"


def say(*words: str, body: bytes = b"") -> None:
    encoded = base64.b64encode(body).decode().rstrip("=")
    lines = [encoded[start : start + 64] for start in range(0, len(encoded) + 1, 64)]
    sys.stdout.write("\n".join(["-> " + " ".join(words), *lines, ""]))
    sys.stdout.flush()


def hear() -> tuple[list[str], bytes]:
    head = sys.stdin.readline()
    assert head.startswith("-> "), head
    body = ""
    while True:
        line = sys.stdin.readline().rstrip("\n")
        body += line
        if len(line) < 64:
            return head[3:].rstrip("\n").split(" "), base64.b64decode(body + "=" * (-len(body) % 4))


def ask(*words: str, body: bytes = b"") -> tuple[list[str], bytes]:
    say(*words, body=body)
    return hear()


def word(text: str) -> str:
    return base64.b64encode(text.encode()).decode().rstrip("=")


def talk() -> None:
    """All that can be asked; an answer that is not the expected one ends in an error."""
    assert ask("msg", body=f"touch the key, {RED}".encode())[0] == ["ok"]
    assert ask("request-public", body=b"Which slot?") == (["ok"], b"nine")
    assert ask("request-secret", body=b"PIN?") == (["ok"], b"123456")
    assert ask("confirm", word("go on"), word("stop"), body=b"Really?")[0] == ["ok", "yes"]
    assert ask("confirm", word("fine"), body=b"Noted?")[0] == ["ok", "yes"]


def fail(kind: str) -> None:
    answer = ask("error", kind, "0", body=f"the key is in the other coat, {RED}".encode())
    assert answer[0] == ["ok"]


def dead(kind: str) -> None:
    sys.exit(3)


def rude(kind: str) -> None:
    print("Traceback (most recent call last):", flush=True)


def unheard(kind: str) -> None:
    """A word that no client knows, a header's worth of nothing with it, and then what is wanted."""
    assert ask("grease-of-the-day", "with", "arguments", body=bytes(1000))[0] == ["unsupported"]


def twice(kind: str) -> None:
    """What must not be said twice."""
    say(*(["labels", "one"] if kind == "recipient" else ["file-key", "0"]), body=bytes(16 if kind == "identity" else 0))
    hear()


BEHAVIOURS = {
    "plain": lambda kind: None,
    "labels": lambda kind: None,
    "quantum": lambda kind: None,
    "talks": lambda kind: talk(),
    "silent": lambda kind: None,
    "wrong": fail,
    "dead": dead,
    "rude": rude,
    "unheard": unheard,
    "twice": twice,
}
LABELS = {"labels": ["third-label"], "quantum": ["postquantum"], "twice": ["two"]}


def main() -> None:
    name = Path(sys.argv[0]).name.removeprefix("age-plugin-")
    mode = sys.argv[1].removeprefix("--age-plugin=")
    heard = []
    while not heard or heard[-1][0][0] != "done":
        heard.append(hear())
    BEHAVIOURS[name]("recipient" if mode == "recipient-v1" else "identity")
    if name in ("wrong", "rude"):
        say("done")
        return
    if mode == "recipient-v1":
        for words, body in heard:
            if words[0] == "wrap-file-key":
                wrapped = bytes(byte ^ MASK for byte in body)
                assert ask("recipient-stanza", "0", "third", name, body=wrapped)[0] == ["ok"]
        if name in LABELS and any(words[0] == "extension-labels" for words, _ in heard):
            ask("labels", *LABELS[name])
    elif name != "silent":
        for words, body in heard:
            if words[:3] == ["recipient-stanza", "0", "third"]:
                ask("file-key", "0", body=bytes(byte ^ MASK for byte in body))
    say("done")


main()
