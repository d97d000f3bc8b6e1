"""Runs the benchmark and prints its table; see README.md. Started by run.sh."""

import argparse
import datetime
import json
import os
import re
import subprocess
import sys
from dataclasses import asdict
from pathlib import Path

from against_box import against_box
from against_calibration import one_preset
from against_coverage import coverage_of_fits
from against_goals import photons_per_ms, whole_treatments
from against_histology import large_section
from against_hypre import against_hypre
from against_memory import against_memory
from against_peers import against_peers
from against_pmmc import against_pmmc
from against_presets import reading_presets
from against_scipy import against_scipy
from against_validation import all_cases
from measuring import CORES, HERE, ONE_THREAD, Row, Server, say

PARTS = ["peers", "hypre", "box", "memory", "healing", "photons", "presets", "fits", "treatments"]
ALONE = ["calibration", "histology", "validation"]  # take minutes or 1 GB of disk: measured only if they are named


def machine() -> dict[str, object]:
    """What was measured on; names no host."""
    cpu = re.search(r"^model name\s*: (.*)$", Path("/proc/cpuinfo").read_text(), re.MULTILINE)
    commit = subprocess.run(["git", "describe", "--always", "--dirty", "--abbrev=12"], capture_output=True, text=True, cwd=HERE)
    return {
        "date": datetime.date.today().isoformat(),
        "commit": commit.stdout.strip() or "unknown",
        "cpu": cpu.group(1) if cpu else "unknown",
        "threads": CORES,
        "load_before": os.getloadavg()[0],
    }


def number(value: float | None) -> str:
    return "" if value is None else f"{value:.3g}" if abs(value) < 100 else f"{value:.0f}"


def with_range(value: float | None, of: tuple[float, float] | None) -> str:
    return number(value) + (f" ({number(of[0])} to {number(of[1])})" if of else "")


def table(rows: list[Row]) -> str:
    lines = ["| what | ours | peer or limit | | ratio | unit | counted |", "| --- | ---: | ---: | --- | ---: | --- | --- |"]
    for row in rows:
        peer = row.peer_name + ("" if row.met is None else ": met" if row.met else ": NOT met")
        values = with_range(row.ours, row.ours_range), with_range(row.peer, row.peer_range)
        cells = (row.name, *values, peer, number(row.ratio), row.unit, row.counted)
        lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines)


def measured(options: argparse.Namespace, core: Server, peers: Server, folder: Path) -> tuple[list[Row], dict]:
    """Rows of the parts asked for, and what the program says of itself, if whole treatments are among them."""
    repeats = options.repeats
    rows: list[Row] = []
    program: dict = {}
    for part in options.only:
        if part == "peers":
            rows += against_peers(core, peers, folder, repeats)
        elif part == "hypre":
            rows += against_hypre(core, options.build / "hypre_pressure", folder, repeats)
        elif part == "box":
            rows += against_box(options.build)
        elif part == "memory":
            rows += against_memory(core, folder, repeats)
        elif part == "healing":
            rows += against_scipy(options.build, folder, repeats)
        elif part == "photons":
            rows += photons_per_ms(repeats) + against_pmmc(options.peers, repeats)
        elif part == "calibration":
            rows += one_preset(folder)
        elif part == "histology":
            rows += large_section(folder)
        elif part == "validation":
            rows += all_cases(folder)
        elif part == "presets":
            rows += reading_presets(options.build, folder, repeats)
        elif part == "fits":
            rows += coverage_of_fits()
        else:
            treatments, program = whole_treatments(sys.executable, repeats)
            rows += treatments
    return rows, program


def write(facts: dict, rows: list[Row], readme: bool) -> None:
    """Writes the JSON, prints the table, and puts it into README.md if asked."""
    program = facts["program"]
    processor = program["backends"].get("cuda", facts["cpu"]).split(",")[0].lower().replace("(r)", "")
    slug = re.sub(r"[^a-z0-9]+", "-", processor).strip("-")
    target = HERE / "results" / f"{facts['date']}-{slug}.json"
    target.parent.mkdir(exist_ok=True)
    target.write_text(json.dumps(facts | {"rows": [asdict(row) for row in rows]}, indent=1) + "\n")
    origin = f"{facts['date']}, {facts['cpu']}, {CORES} threads, {program['compiler']}, commit {facts['commit']}"
    result = f"{origin}\n\n{table(rows)}\n"
    print("\n" + result)
    say(f"written: {target.relative_to(HERE)}")
    if readme:
        file = HERE / "README.md"
        begin, end = "<!-- results -->\n", "<!-- end of results -->"
        head, rest = file.read_text().split(begin)
        file.write_text(head + begin + result + end + rest.split(end)[1])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--build", type=Path, required=True, help="folder with solver_pieces")
    parser.add_argument("--peers", required=True, help="Python that has FiPy, py-pde and pmmc")
    parser.add_argument("--repeats", type=int, default=5)
    told = "measure these parts and print their rows; nothing is written unless every part but the last three is among them"
    parser.add_argument("--only", nargs="+", choices=PARTS + ALONE, default=PARTS, help=told)
    parser.add_argument("--readme", action="store_true", help="put the table into README.md")
    options = parser.parse_args()

    folder = options.build / "fields"
    folder.mkdir(parents=True, exist_ok=True)
    facts = machine()
    core = Server([str(options.build / "solver_pieces"), str(folder)], {})
    peers = Server([options.peers, str(HERE / "peers.py"), str(folder)], ONE_THREAD)
    rows, program = measured(options, core, peers, folder)
    for server in (core, peers):
        server.close()
    if not set(PARTS) <= set(options.only):
        print(table(rows))
        return
    facts |= {"program": program, "peers": peers.facts, "load_after": os.getloadavg()[0], "repeats": options.repeats}
    write(facts, rows, options.readme)


if __name__ == "__main__":
    main()
