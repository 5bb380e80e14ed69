"""`python -m symasym`: the same program as `symasym`."""

import sys

from symasym.cli.main import main

if __name__ == "__main__":
    sys.exit(main())
