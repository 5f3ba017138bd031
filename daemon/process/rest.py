"""Starts one who rests: a Python as small as there is, which has the doorman's or the porter's module do its work.

`COMMAND` runs this file by its path, and without `site`: so the process holds neither what `python -m` needs nor what
the `.pth` files of an environment import, and still finds secaid where this file lies.
"""

from __future__ import annotations

import os
import sys

COMMAND = (sys.executable, "-I", "-S", os.path.abspath(__file__))
"""Takes `doorman` or `porter`, and its arguments."""


def main(name: str, arguments: list[str]) -> None:
    """Be that one."""
    if name == "doorman":
        from daemon.process import doorman

        doorman.main(arguments)
    else:
        from daemon.process import porter

        porter.main(arguments)


if __name__ == "__main__":
    sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.dirname(COMMAND[-1]))))
    main(sys.argv[1], sys.argv[2:])
