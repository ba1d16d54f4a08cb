"""`python -m tilecli` is the same as `tiles`."""

from tilecli.cli.entry import main

if __name__ == "__main__":
    main()
