"""`python -m netlift.cli`, where the command netlift is not on the path."""

from netlift.cli import main

if __name__ == "__main__":
    main()
