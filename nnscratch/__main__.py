"""`python -m nnscratch`, for when the `nnscratch` script is not on the path."""

import sys

from nnscratch.cli import main

sys.exit(main())
