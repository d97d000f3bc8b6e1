"""The solver in three dimensions: convergence from 32^3 to 256^3, against hypre, and transport against the copy of memory."""

from pathlib import Path

from measuring import ONE_THREAD, Row, Server, say

SWEEP_BYTES = 7 * 8  # flux read once; fluid, carrier and pigment read and written once each


def cycles(core: Server, sizes: list[int]) -> list[Row]:
    """Factor per cycle and memory, layered and graded."""
    rows = []
    for n in sizes:
        for kind in ("variable even", "layered graded"):
            found = core(f"solve serial {n} {kind} 1e-8")
            rate = n**3 * found["iterations"] / found["solve_seconds"] / 1e6
            counted = (
                f"{found['iterations']} cycles to {found['residual']:.1e}, {found['bytes_per_cell']:.0f} bytes per cell (goal 120), "
                f"{rate:.1f} million cells per cycle and second"
            )
            row = Row(f"box, factor per cycle, {n}^3, {kind}", found["factor"], 0.15, 0.15 / found["factor"], "-", counted, "goal")
            row.met = found["factor"] <= 0.15 and found["bytes_per_cell"] <= 120
            rows.append(row)
    return rows


def against_pfmg(core: Server, program: Path, n: int) -> list[Row]:
    """Set-up and solution to 1e-8 on one thread each, seconds of the processor."""
    if not program.exists():
        return [Row(f"box, pressure, {n}^3", None, None, None, "s", "not measured: built without hypre", "hypre")]
    peer = Server([str(program)], ONE_THREAD)
    rows = []
    for kind in ("variable even", "layered graded"):
        found = core(f"solve serial {n} {kind} 1e-8")
        answers = [peer(f"solve {n} {kind} 1e-8 {relaxation} {galerkin}") for relaxation in (1, 2) for galerkin in (0, 1)]
        best = min(answers, key=lambda answer: answer["setup_seconds"] + answer["solve_seconds"])
        ours, theirs = (answer["setup_seconds"] + answer["solve_seconds"] for answer in (found, best))
        counted = (
            f"set-up and solution to 1e-8, one thread each, seconds of the processor, best of 3 and best PFMG of 4; "
            f"ours {found['iterations']} iterations, PFMG {best['iterations']}; goal 3"
        )
        row = Row(f"box, pressure, {n}^3, {kind}", ours, theirs, theirs / ours, "s", counted, "hypre")
        row.met = theirs >= 3.0 * ours
        rows.append(row)
    peer.close()
    return rows


def against_copy(core: Server, n: int) -> list[Row]:
    """Sweeps of transport as a share of what a copy of as much memory moves."""
    found = core(f"substep serial {n} 4")
    copied = core(f"copy serial {SWEEP_BYTES * n**3}")["bytes_per_second"]
    rate = n**3 * found["sweeps"] / found["seconds"] / 1e6
    limit = copied / SWEEP_BYTES / 1e6
    counted = f"{SWEEP_BYTES} bytes per cell and sweep of carrier and one class; copy moves {copied / 1e9:.1f} GB/s; goal 0.7"
    row = Row(f"box, transport sweep, {n}^3, one core", rate, limit, rate / limit, "million cells/s", counted, "copy")
    row.met = rate >= 0.7 * limit
    return [row]


def against_box(build: Path) -> list[Row]:
    """All rows of the box."""
    say("  box in three dimensions")
    core = Server([str(build / "box_pieces")], ONE_THREAD)
    rows = cycles(core, [32, 64, 128, 256]) + against_pfmg(core, build / "hypre_box", 128) + against_copy(core, 128)
    core.close()
    return rows
