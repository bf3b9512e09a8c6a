"""`python -m tinyxm.cli`: the command line, where the program itself isn't on the path."""

import sys

from tinyxm.cli import main

sys.exit(main())
