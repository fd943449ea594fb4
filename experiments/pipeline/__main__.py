"""The command line of the pipeline."""

import sys

from experiments.pipeline.command import main

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
