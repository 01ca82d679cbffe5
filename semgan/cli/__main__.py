"""`python -m semgan.cli`."""

import sys

from semgan.cli import main

if __name__ == "__main__":
    sys.exit(main())
