"""`python -m klimatvaxling`."""

from klimatvaxling.terminal.main import main

if __name__ == "__main__":
    main()
