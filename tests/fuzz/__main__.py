"""Fuzzes one reader for some minutes; a finding ends the run with the smallest input that shows it.

python -m tests.fuzz torch_files --minutes 10
"""

import argparse
import random
import resource
import time

from hypothesis import HealthCheck, given, seed, settings

from tests.fuzz import READERS

_ROUND = 2_000  # inputs between two looks at the clock
_MEMORY_BYTES = 8 << 30  # an allocation beyond it is a finding, not the end of the machine


def fuzz(name: str, minutes: float, first_seed: int) -> int:
    """Runs rounds of other seeds until the time is over; the number of inputs."""
    reader = READERS[name]()
    count = 0

    def counted(case: object) -> None:
        nonlocal count
        count += 1
        reader.check(case)

    end = time.monotonic() + 60 * minutes
    rounds = random.Random(first_seed)
    while time.monotonic() < end:
        run = settings(
            max_examples=_ROUND,
            deadline=None,
            database=None,
            suppress_health_check=list(HealthCheck),
            print_blob=False,
        )(given(reader.INPUTS)(counted))
        seed(rounds.getrandbits(32))(run)()
        print(f"{name}: {count:,} inputs", flush=True)
    return count


def main() -> None:
    """Runs the command."""
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    parser.add_argument("reader", choices=READERS)
    parser.add_argument("--minutes", type=float, default=10)
    parser.add_argument("--seed", type=int, default=0)
    args = parser.parse_args()
    resource.setrlimit(resource.RLIMIT_AS, (_MEMORY_BYTES, _MEMORY_BYTES))
    count = fuzz(args.reader, args.minutes, args.seed)
    print(f"{args.reader}: {count:,} inputs in {args.minutes:g} minutes, nothing found")


if __name__ == "__main__":
    main()
