"""The first stage: reads the command line, makes the venvs, gives up root, and hands over to `inside`."""

import sys

from . import coffer_files, command_line, keeper, privileges, venvs
from .reporting import LabError, fail


def main() -> int:
    """Run the verb that the command line names; the exit code is the verb's."""
    arguments = command_line.parse(sys.argv[1:])
    try:
        return dispatch(arguments)
    except LabError as error:
        return fail(error)
    except KeyboardInterrupt:
        return 130


def dispatch(arguments: command_line.Arguments) -> int:
    """Verbs that only read or make venvs run here; all others run as an unprivileged user."""
    if arguments.verb == "venvs":
        venvs.provide_all(venvs.ALL)
        return 0
    if arguments.verb == "config":
        print(coffer_files.configuration(arguments), end="")
        return 0
    if arguments.verb == "map":
        print(coffer_files.restore_map(arguments), end="")
        return 0
    if arguments.verb == "status":
        return keeper.status(arguments.folder)
    if arguments.needs_venvs:
        venvs.provide_all(venvs.LAB)
    privileges.hand_over(arguments, sys.argv[1:])
    raise AssertionError("hand_over does not return")


if __name__ == "__main__":
    sys.exit(main())
