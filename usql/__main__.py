"""``python -m usql``: the command line."""

from usql.cli import main

if __name__ == "__main__":
    main(prog_name="usql")
