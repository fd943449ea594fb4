"""The `quals` command."""

import os
import sys
from collections.abc import Sequence

from quals_jax import __version__
from quals_jax.commands import (
    compare,
    convert,
    evaluate,
    export,
    generate,
    meta_eval,
    report,
    score,
    select,
    study,
)
from quals_jax.commands.parser import Parser
from quals_jax.data.writers import WriteError
from quals_jax.jobs.lock import LockedError
from quals_jax.jobs.team import OtherProcessError
from quals_jax.text.printable import printable_lines

FAILURE, BAD_USAGE, INTERRUPTED, BROKEN_PIPE = 1, 2, 130, 141

_COMMANDS = (
    score,
    evaluate,
    meta_eval,
    compare,
    generate,
    select,
    report,
    study,
    convert,
    export,
)

_DESCRIPTION = """Measures the factual consistency of summaries (QUALS) with JAX.

A first score:
  quals score summaries.jsonl -o scores.jsonl
where a line of summaries.jsonl is {"id": 1, "document": "…", "summary": "…"}. The small QAGen that
comes along writes the questions; --model names a better one (quals convert, python -m train).

Everything works on local files; nothing is ever downloaded.
"""


def parser() -> Parser:
    """The parser of the whole command; building it imports nothing heavy."""
    top = Parser(prog="quals", description=_DESCRIPTION)
    top.add_argument("--version", action="version", version=f"quals-jax {__version__}")
    commands = top.add_subparsers(
        title="commands", metavar="COMMAND", dest="name", parser_class=Parser
    )
    for command in _COMMANDS:
        command.add_parser(commands)
    commands.required = True
    return top


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs the command; its exit status: 0 good, 1 failure, 2 bad usage or input."""
    arguments = sys.argv[1:] if arguments is None else list(arguments)
    if not arguments:
        parser().print_help(sys.stderr)
        return BAD_USAGE
    args = parser().parse_args(arguments)
    try:
        return args.run(args)
    except KeyboardInterrupt:
        return INTERRUPTED
    except BrokenPipeError:
        # The reader has gone; keep Python from complaining when it flushes standard output.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return BROKEN_PIPE
    except (WriteError, LockedError, OtherProcessError) as error:
        return _fail(args.command, error, FAILURE)
    except (ValueError, FileNotFoundError, FileExistsError) as error:
        return _fail(args.command, error, BAD_USAGE)
    except (OSError, ImportError) as error:
        return _fail(args.command, error, FAILURE)


def _fail(command: str, error: Exception, status: int) -> int:
    print(f"{command}: error: {printable_lines(str(error))}", file=sys.stderr)
    return status


if __name__ == "__main__":
    sys.exit(main())
