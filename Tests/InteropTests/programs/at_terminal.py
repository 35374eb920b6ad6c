"""A person at a terminal: `at_terminal.py ANSWERS PROGRAM…`; what the program shows goes to standard output.

Each line of ANSWERS is a question's end, a tab, `seen` or `secret`, a tab, and the answer. A secret is typed once the
terminal shows no longer what is typed, as a person would wait for it.
"""

import os
import pty
import sys
import termios
import time
from pathlib import Path

PATIENCE_SECONDS = 60


def echoes(terminal: int) -> bool:
    return bool(termios.tcgetattr(terminal)[3] & termios.ECHO)


def answer(terminal: int, kind: str, text: str) -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while kind == "secret" and echoes(terminal) and time.monotonic() < deadline:
        time.sleep(0.005)
    os.write(terminal, f"{text}\n".encode())


def listen(terminal: int, answers: list[list[str]]) -> None:
    """Show what is said, and answer what is asked."""
    unanswered = b""
    while True:
        try:
            said = os.read(terminal, 4096)
        except OSError:  # how a terminal says that nobody is there any more
            return
        if not said:
            return
        sys.stdout.buffer.write(said)
        unanswered += said
        if answers and answers[0][0].encode() in unanswered:
            _, kind, text = answers.pop(0)
            answer(terminal, kind, text)
            unanswered = b""


answers = [line.split("\t") for line in Path(sys.argv[1]).read_text().splitlines()]
process, terminal = pty.fork()
if process == 0:
    os.execvp(sys.argv[2], sys.argv[2:])
listen(terminal, answers)
_, status = os.waitpid(process, 0)
sys.exit(os.waitstatus_to_exitcode(status) & 0xFF)
