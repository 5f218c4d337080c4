"""`python -m privyseal` is the command `privyseal`."""

from privyseal.cli.main import main

if __name__ == "__main__":
    main()
