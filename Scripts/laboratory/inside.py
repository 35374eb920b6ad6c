"""The second stage: the verbs, run as an unprivileged user."""

import signal
import sys
from types import FrameType

from . import command_line, keeper
from .reporting import LabError, fail


def main() -> int:
    """Run one verb; a polite kill becomes an exception, so that what was started is stopped."""
    signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell's background job would ignore it
    signal.signal(signal.SIGTERM, as_interrupt)
    arguments = command_line.parse(sys.argv[1:])
    try:
        return run(arguments)
    except LabError as error:
        return fail(error)
    except KeyboardInterrupt:
        return 130


def as_interrupt(_number: int, _frame: FrameType | None) -> None:
    """Treat SIGTERM as Ctrl-C, which asyncio knows how to take apart."""
    signal.raise_signal(signal.SIGINT)


def run(arguments: command_line.Arguments) -> int:
    """Verbs that need the clients' environment are imported only when asked for."""
    match arguments.verb:
        case "cluster":
            return keeper.new_cluster(arguments.folder)
        case "down":
            return keeper.down(arguments.folder)
        case "destroy":
            return keeper.destroy(arguments.folder)
        case "up":
            from .raising import up

            return up(arguments.folder, arguments.size)
        case "write":
            from .writing import write

            return write(arguments.folder)
        case "chatter":
            from .chattering import chatter

            return chatter(arguments.folder)
        case "revive":
            from .reviving import revive

            return revive(arguments.folder, arguments.new_folder)
        case "prove":
            from .proving import prove

            return prove(arguments.folder, arguments.new_folder)
    raise LabError(f"no verb {arguments.verb}")


if __name__ == "__main__":
    sys.exit(main())
