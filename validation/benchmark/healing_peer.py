"""The reactions of healing by scipy's BDF. Usage: healing_peer.py FOLDER; then one command per line, answered by a line of JSON:

start NUMBERS      takes the arrays that healing_pieces left, and its numbers as JSON
bdf RTOL           ten years in every cell that holds pigment; leaves healing.peer.f64 [moment][pool][cell]
cells RTOL EVERY   the same, each cell a system of its own with steps of its own, one of EVERY cells; the time is that of all

The right-hand side is that of `core/physics/kinetics.hpp`, written once more in numpy, for all cells at a time; the Jacobian is
exact and sparse, so that a step costs one factorisation of 4 x 4 blocks.
"""

import json
import sys
import time
from pathlib import Path

import numpy as np
from scipy.integrate import solve_ivp
from scipy.sparse import csc_matrix

FOLDER = Path(sys.argv[1]) if len(sys.argv) > 1 else Path()
SHARE_OF_ATOL = 1e-3  # absolute over relative tolerance, of the densest pigment


class Reactions:
    """The cells that hold pigment; y is [pool][cell], pools free, matrix, macrophage, slow [kg/m^3], times in seconds."""

    def __init__(self, numbers: dict[str, float], arrays: dict[str, np.ndarray], only: int | None = None):
        self.k = numbers
        self.moments = arrays["moments"]
        self.full = arrays["free"].size
        self.held = np.flatnonzero(arrays["free"] + arrays["matrix"] > 0.0) if only is None else np.array([only])
        self.scale = float((arrays["free"] + arrays["matrix"]).max())
        self.cells = {name: values[self.held] for name, values in arrays.items() if name != "moments"}
        self.start = np.concatenate([self.cells["free"], self.cells["matrix"], np.zeros(2 * self.held.size)])
        count = self.held.size
        cell = np.arange(count)
        places = [(0, 0), (0, 1), (1, 1), (2, 0), (2, 2), (2, 3), (3, 2), (3, 3)]  # of the Jacobian, by pool
        places.append((0, 2))  # uptake depends on what the cells hold
        self.rows = np.concatenate([row * count + cell for row, _ in places])
        self.columns = np.concatenate([column * count + cell for _, column in places])

    def rates(self, t: float, cells_held: np.ndarray) -> tuple[np.ndarray, ...]:
        """Uptake and its derivative by the cells' load, exudation and lymph of free, loss of cells."""
        k, c = self.k, self.cells
        top = np.log(k["decay"] / k["rise"]) / (1.0 / k["rise"] - 1.0 / k["decay"])
        largest = np.exp(-top / k["decay"]) - np.exp(-top / k["rise"])
        recruited = (k["peak"] - 1.0) * (np.exp(-t / k["decay"]) - np.exp(-t / k["rise"])) / largest
        density = c["residents"] * (1.0 + recruited * c["wound"])
        room = np.maximum(density * k["capacity"], 1e-300)
        empty, share = k["uptake"] * density / k["resident_density"], 1.0 - cells_held / room
        uptake, slope = empty * np.maximum(share, 0.0), np.where(share > 0.0, -empty / room, 0.0)
        exudation = k["exudation"] * np.exp(-t / k["closure"]) * c["open_track"]
        leaving = (t < k["migration_window"]) & (cells_held < k["migration_load"] * room)
        return uptake, slope, exudation, k["lymph"] * c["lymph_factor"], k["death_loss"] + k["migration"] * leaving

    def slope(self, t: float, y: np.ndarray) -> np.ndarray:
        free, matrix, cells, slow = y.reshape(4, -1)
        uptake, _, exudation, lymph, loss = self.rates(t, cells)
        k, light = self.k, self.cells["photolysis"]
        taken, let_go, moved = uptake * free, k["matrix_release"] * matrix, k["transfer"] * cells
        back = k["slow_return"] * slow
        return np.concatenate([
            let_go - taken - (exudation + lymph + light) * free,
            -let_go - light * matrix,
            taken + back - moved - (loss + light) * cells,
            moved - back - (k["slow_loss"] + light) * slow,
        ])  # fmt: skip

    def jacobian(self, t: float, y: np.ndarray) -> csc_matrix:
        free, _, cells, _ = y.reshape(4, -1)
        uptake, slope, exudation, lymph, loss = self.rates(t, cells)
        k, light = self.k, self.cells["photolysis"]
        same = np.ones_like(free)
        values = [
            -uptake - exudation - lymph - light, k["matrix_release"] * same, -k["matrix_release"] * same - light, uptake,
            slope * free - k["transfer"] - loss - light, k["slow_return"] * same, k["transfer"] * same,
            -k["slow_return"] * same - k["slow_loss"] - light, -slope * free,
        ]  # fmt: skip
        return csc_matrix((np.concatenate(values), (self.rows, self.columns)), shape=(y.size, y.size))

    def solve(self, rtol: float) -> tuple[np.ndarray, dict[str, float]]:
        """Pools at all moments, shape (moments, 4, all cells), with the steps and the processor's time."""
        before = time.process_time()
        jacobian = self.jacobian if self.held.size > 1 else lambda t, y: self.jacobian(t, y).toarray()
        found = solve_ivp(self.slope, (0.0, self.moments[-1]), self.start, method="BDF", t_eval=self.moments, jac=jacobian,
                          rtol=rtol, atol=SHARE_OF_ATOL * rtol * self.scale)  # fmt: skip
        seconds = time.process_time() - before
        if not found.success:
            raise RuntimeError(found.message)
        pools = np.zeros((self.moments.size, 4, self.full))
        pools[:, :, self.held] = found.y.T.reshape(self.moments.size, 4, -1)
        return pools, {"evaluations": found.nfev, "factorisations": found.nlu, "seconds": seconds}


ARRAYS = ("free", "matrix", "wound", "lymph_factor", "residents", "open_track", "photolysis", "moments")


def main() -> None:
    reactions: Reactions | None = None
    numbers: dict[str, float] = {}
    arrays: dict[str, np.ndarray] = {}
    print(json.dumps({"numpy": np.__version__}), flush=True)
    for line in sys.stdin:
        command, words = line.split(maxsplit=1)
        if command == "start":
            numbers, arrays = json.loads(words), {name: np.fromfile(FOLDER / f"{name}.f64") for name in ARRAYS}
            reactions = Reactions(numbers, arrays)
            answer: dict[str, float] = {"cells_with_pigment": reactions.held.size}
        elif command == "cells":
            assert reactions
            rtol, every = words.split()
            some = reactions.held[:: int(every)]
            seconds = sum(Reactions(numbers, arrays, int(cell)).solve(float(rtol))[1]["seconds"] for cell in some)
            answer = {"solved": some.size, "seconds": seconds * reactions.held.size / some.size}
        else:
            assert reactions
            pools, answer = reactions.solve(float(words))
            pools.tofile(FOLDER / "healing.peer.f64")
        print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    main()
