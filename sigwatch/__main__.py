"""`python -m sigwatch` is `sigwatch`."""

from sigwatch.cli.app import main

if __name__ == "__main__":
    main()
