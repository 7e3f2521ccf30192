"""``python -m llmpick``."""

from llmpick.cli.main import main

if __name__ == "__main__":
    main()
