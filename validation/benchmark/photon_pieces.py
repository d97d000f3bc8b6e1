"""Follows photons on request: a line `slab|dot|skin backend photons [seed [map]]` is answered by a line of JSON. Our package, one
process per number of threads."""

import json
import sys
import time

import numpy as np

import dermaflux as df
from dermaflux import _core

# The slab of van de Hulst 1980: mu_a 10, mu_s 90 per cm, g 0.75, 0.2 mm, matched.
SLAB = _core.PhotonMedium.rings(np.zeros(1), np.array([0.0, 2e-4]), np.array([[1000.0]]), np.array([[9000.0]]))
# Skin at 550 nm (mu_a 2, mu_s 200 per cm, g 0.8, n 1.4) with an opaque cylinder of 0.15 mm, 0.2 mm deep and 0.25 mm long.
DOT = _core.PhotonMedium.rings(
    np.array([0.0, 75e-6]), np.array([0.0, 2e-4, 4.5e-4, np.inf]), np.array([[200.0, 2e5, 200.0], [200.0] * 3]), np.full((2, 3), 2e4)
)
# Skin of two layers: 0.1 mm with mu_a 20, mu_s 400 per cm on a half space with mu_a 2, mu_s 200 (g 0.8, n 1.4).
SKIN = _core.PhotonMedium.rings(np.zeros(1), np.array([0.0, 1e-4, np.inf]), np.array([[2000.0, 200.0]]), np.array([[4e4, 2e4]]))
CASES = {"slab": (SLAB, 0.75, 1.0, 0.0), "dot": (DOT, 0.8, 1.4, 6e-5), "skin": (SKIN, 0.8, 1.4, 0.0)}


def main() -> None:
    df.set_threads(int(sys.argv[1]))
    there = {row["name"]: row["detail"] for row in _core.backends() if row["available"]}
    print(json.dumps({"backends": there}), flush=True)
    for line in sys.stdin:
        name, backend, photons, *rest = line.split()
        medium, anisotropy, index, width = CASES[name]
        number = _core.whole_batches(int(photons), 1)
        start = time.perf_counter()
        optics = anisotropy, index, index, 1.0, 1.0
        beam = 0.0, width, 1, False, False
        seed, kept = [*rest, *("1", "none")[len(rest) :]]
        found = _core.follow_photons(medium, number, *optics, *beam, kept, int(seed), backend, None)
        seconds = time.perf_counter() - start
        error = float(found["reflected"].std(ddof=1)) / 8.0
        answer = {"per_ms": 1e-3 * number / seconds, "reflected": found["diffuse"], "error": error, "transmitted": found["transmitted"]}
        print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    main()
