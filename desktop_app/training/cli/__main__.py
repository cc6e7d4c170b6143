"""`python -m desktop_app.training.cli`, where the command `headcount-train` is not installed."""

import sys

from desktop_app.training.cli.entry import main

sys.exit(main())
