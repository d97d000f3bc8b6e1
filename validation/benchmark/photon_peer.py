"""The same photons in pmmc (mesh-based Monte Carlo, its SSE code for the processor). A line `slab|skin PHOTONS THRESHOLD CHANCE
SEED`, of which threshold and chance are those of Russian roulette, is answered by a line of JSON.

The time of a run of one photon, in which pmmc looks for devices and reads the mesh, is taken off. The medium ends so far from the
beam that next to nothing comes out there; a prism of three tetrahedra under each half of the surface is all the mesh there is.
"""

import contextlib
import io
import json
import os
import sys
import time
from importlib.metadata import version

import numpy as np
import _pmmc  # the package around it prints on import

# Width and depths of the faces [mm]; absorption and scattering of the layers [1/mm]; anisotropy; index.
SLAB = 4.0, (0.0, 0.2), ((1.0, 9.0),), 0.75, 1.0
SKIN = 20.0, (0.0, 0.1, 10.0), ((2.0, 40.0), (0.2, 20.0)), 0.8, 1.4
PRISMS = np.array([[0, 1, 2, 6], [0, 2, 3, 6], [0, 3, 7, 6], [0, 7, 4, 6], [0, 4, 5, 6], [0, 5, 1, 6]])


def mesh(width: float, depths: tuple[float, ...]) -> dict[str, np.ndarray]:
    corners = np.array([(x, y, z) for z in depths for x, y in ((0, 0), (width, 0), (width, width), (0, width))], float)
    elements = np.vstack([PRISMS + 4 * layer for layer in range(len(depths) - 1)])
    volume = np.linalg.det(corners[elements[:, 1:]] - corners[elements[:, :1]])
    elements[volume < 0.0] = elements[volume < 0.0][:, [0, 1, 3, 2]]
    return {"node": corners, "elem": elements + 1, "elemprop": np.repeat(np.arange(len(depths) - 1) + 1, 6)}


class Problem:
    def __init__(self, width: float, depths: tuple[float, ...], layers: tuple, anisotropy: float, index: float):
        self._common = mesh(width, depths) | {"compute": "sse", "gpuid": 1, "method": "elem", "issaveref": 1, "flog": os.devnull}
        self._common |= {"tstart": 0.0, "tend": 5e-9, "tstep": 5e-9, "basisorder": 0, "isreflect": int(index != 1.0)}
        outside = [0.0, 0.0, 1.0, 1.0]
        self._medium = np.array([outside] + [[*layer, anisotropy, index] for layer in layers])
        self._beam = {"srcpos": [0.5 * width + 0.01, 0.5 * width - 0.02, 0.0], "srcdir": [0.0, 0.0, 1.0]}
        self._entering = 1.0 - ((index - 1.0) / (index + 1.0)) ** 2
        self._top = self._faces_above(width)

    def follow(self, photons: int, threshold: float, chance: float, seed: int) -> dict[str, float]:
        change = {"nphoton": photons, "minenergy": threshold, "roulettesize": 1.0 / chance, "seed": seed, "prop": self._medium}
        start = time.perf_counter()
        self._run(self._beam | change | {"nphoton": 1})
        between = time.perf_counter()
        left = self._run(self._beam | change)
        seconds = time.perf_counter() - between - (between - start)
        reflected = float(left[self._top].sum())
        return {
            "per_ms": 1e-3 * photons / seconds,
            "seconds": seconds,
            "reflected": self._entering * reflected,
            "elsewhere": self._entering * (float(left.sum()) - reflected),
        }

    def _run(self, change: dict) -> np.ndarray:
        """Share of the weight that leaves through each face of the outside. With several threads some of it is lost."""
        with contextlib.redirect_stdout(io.StringIO()):
            return _pmmc.run(self._common | change)["dref"][:, 0].astype(float)

    def _faces_above(self, width: float) -> np.ndarray:
        """Which faces are the surface: those through which light goes up from either half when nothing scatters."""
        clear = self._medium.copy()
        clear[1:] = [0.0, 1e-9, 0.0, 1.0]
        up = {"nphoton": 10, "prop": clear, "srcdir": [0.0, 0.0, -1.0], "isreflect": 0}
        halves = [self._run(up | {"srcpos": [x * width, (1.0 - x) * width, 0.05]}) for x in (0.25, 0.75)]
        found = np.array([int(np.argmax(half)) for half in halves])
        if found[0] == found[1] or min(half.max() for half in halves) < 0.999:
            raise SystemExit("pmmc: the faces of the surface were not found")
        return found


def main() -> None:
    problems = {"slab": Problem(*SLAB), "skin": Problem(*SKIN)}
    print(json.dumps({package: version(package) for package in ("pmmc", "numpy")}), flush=True)
    for line in sys.stdin:
        name, photons, threshold, chance, seed = line.split()
        print(json.dumps(problems[name].follow(int(photons), float(threshold), float(chance), int(seed))), flush=True)


if __name__ == "__main__":
    main()
