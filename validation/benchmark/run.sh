#!/usr/bin/env bash
# Measures speed against FiPy, py-pde, pmmc and the machine's memory, and whole treatments per second. Sets up all it needs.
# Usage: bash validation/benchmark/run.sh [--repeats N] [--readme]
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
extra_packages=(libhypre-dev libopenmpi-dev pocl-opencl-icd)  # pmmc looks for an OpenCL device even if it needs none
source python/set_up.sh
set_up -DDF_BUILD_TESTS=OFF

peers=build/benchmark-venv
if ! $peers/bin/python -c 'import fipy, pde, _pmmc' 2>/dev/null; then
  say "Setting up FiPy, py-pde and pmmc in $peers"
  python3 -m venv $peers
  $peers/bin/python -m pip install -q --disable-pip-version-check fipy==4.0.3 py-pde==0.59.0 pmmc==0.3.12
fi

say "Building the C++ part"
export PATH=$PWD/.venv/bin:$PATH
cmake -S validation/benchmark -B build/benchmark -G Ninja -DPython_EXECUTABLE="$PWD/.venv/bin/python" >/dev/null
cmake --build build/benchmark >/dev/null

say "Measuring"
export GLIBC_TUNABLES=glibc.malloc.hugetlb=1  # large pages for all codes; only large grids notice
export OMP_WAIT_POLICY=passive OMP_PROC_BIND=false PYTHONDONTWRITEBYTECODE=1
.venv/bin/python validation/benchmark/benchmark.py --build build/benchmark --peers $peers/bin/python "$@"
