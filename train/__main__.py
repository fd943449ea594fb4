"""``python -m train EXPERIMENT --workdir DIR [--field.sub-field VALUE ...]``."""

import sys

from train.command import main

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
