"""The entry of the command. It imports nothing until it knows which command is needed."""

from __future__ import annotations

import sys

from rhevmig.cli import INTERRUPTED

# names for annotations alone: importing them takes as long as Python takes to start
TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs the command and returns its exit code; every error is one line on stderr."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    try:
        from rhevmig.cli.quick_answers import quick_answer

        answer = quick_answer(given)
        if answer is None:
            from rhevmig.cli.invocation import invoke

            return invoke(given)
        answer.print()
    except KeyboardInterrupt:
        from rhevmig.cli.streams import write_err

        write_err("rhevmig: interrupted\n")
        return INTERRUPTED
    except Exception as error:  # noqa: BLE001 - the last resort: one line instead of a traceback
        from rhevmig.cli.failures import report_failure

        return report_failure(error, given)
    return answer.exit_code


def run() -> None:
    """The console script."""
    sys.exit(main())
