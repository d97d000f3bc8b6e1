"""Draws what a camera sees of a run in a box that was looked at from above.

Usage: dermaflux run configs/treatments/three_prongs_tilted.toml --grid quick --photons 1500000 -o RUN.h5; python camera.py RUN.h5 OUTPUT.png
"""

import sys

from dermaflux import open_run, plots
from dermaflux.camera import kept


def main(run: str, output: str) -> None:
    plots.camera(kept(open_run(run))).savefig(output, dpi=110, metadata={"Software": None})


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2])
