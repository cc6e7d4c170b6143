"""`python -m desktop_app` is the command `headcount`."""

from desktop_app.cli.entry import run

if __name__ == "__main__":
    run()
