"""Cells per second of our solver against copy bandwidth."""

from pathlib import Path

import problems
from measuring import CORES, Row, Server, interleaved, say

# Each array that a loop over the cells touches is counted once per loop, read or written, 8 bytes each; see README.md.
ITERATION_BYTES = 8 * (8 + 6 + 7)
SUBSTEP_BYTES = 27 * 8


def against_memory(core: Server, folder: Path, repeats: int) -> list[Row]:
    say("  cells per second against copy bandwidth")
    for suffix, shape in (("", (128, 256)), ("_standard", (64, 128))):
        problems.save(problems.layered_stroke(*shape), folder, f"layered{suffix}")
        problems.save(problems.pigment_ring(*shape), folder, f"ring{suffix}")
    large, rows = 1e9, []
    for executor, threads in (("serial", "one core"), ("kokkos", f"{CORES} threads")):
        for suffix, cells in (("", 128 * 256), ("_standard", 64 * 128)):
            fitting = 11 * 8 * cells  # the cell arrays of the pressure system
            bandwidth = {
                "copy": lambda e=executor, b=fitting: core(f"copy {b} {e}")["bytes_per_second"],
                "large copy": lambda e=executor: core(f"copy {large:.0f} {e}")["bytes_per_second"],
                "iteration": lambda e=executor, s=suffix, c=cells: cells_per_second(core(f"iterations layered{s} {e} 20"), c),
                "substep": lambda e=executor, s=suffix, c=cells: cells_per_second(core(f"substeps ring{s} {e} 100"), c),
            }
            if suffix:
                del bandwidth["large copy"]
            found = interleaved(bandwidth, repeats)
            grid = "64 x 128" if suffix else "128 x 256"
            for what, size in (("iteration", ITERATION_BYTES), ("substep", SUBSTEP_BYTES)):
                title = {"iteration": "pressure iteration", "substep": "transport substep"}[what]
                ours = found[what]["median"] / 1e6
                for kind, label in (("copy", f"copy of {fitting / 1e6:.1f} MB"), ("large copy", "copy of 1 GB")):
                    if kind not in found:
                        continue
                    limit = found[kind]["median"] / size / 1e6
                    counted = f"{size} bytes per cell; copy moves {found[kind]['median'] / 1e9:.1f} GB/s"
                    row = Row(f"{title}, {grid}, {threads}", ours, limit, ours / limit, "million cells/s", counted, label)
                    row.ours_range = found[what]["least"] / 1e6, found[what]["most"] / 1e6
                    row.peer_range = found[kind]["least"] / size / 1e6, found[kind]["most"] / size / 1e6
                    row.details = {"bytes_per_second": found[kind]}
                    rows.append(row)
    return rows


def cells_per_second(answer: dict[str, float], cells: int) -> float:
    return answer["steps"] * cells / answer["seconds"]
