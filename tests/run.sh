#!/usr/bin/env bash
# Sets everything up and passes every test: C++ (GoogleTest, by ctest) and Python (pytest). Needs Debian 12 or Ubuntu 24.04.
#   bash tests/run.sh              everything
#   bash tests/run.sh --sanitize   the C++ tests with AddressSanitizer and UndefinedBehaviorSanitizer, in a build of their own
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
extra_packages=(libgtest-dev libsodium-dev)
if grep -qs "^ID=debian" /etc/os-release; then extra_packages+=(chromium); fi  # the reports are opened in it; Ubuntu has it as a snap only
source python/set_up.sh
export OMP_WAIT_POLICY=passive OMP_PROC_BIND=false  # threads that wait sleep: the tests share the cores
case ${1:-} in
  "") ;;
  --sanitize)
    install_packages "${needed_packages[@]}" "${extra_packages[@]}"
    install_python_packages
    export PATH=$PWD/.venv/bin:$PATH
    say "Building the C++ tests with sanitizers"
    cmake -S . -B build/sanitize -G Ninja -DPython_EXECUTABLE="$PWD/.venv/bin/python" -DCMAKE_BUILD_TYPE=RelWithDebInfo -DDF_SANITIZE=ON \
      -DDF_BUILD_PYTHON=OFF -DDF_BUILD_TESTS=ON >/dev/null
    cmake --build build/sanitize
    # libgomp and HDF5 keep memory until the process ends: not ours, not a leak that grows.
    ASAN_OPTIONS=detect_leaks=0 UBSAN_OPTIONS=print_stacktrace=1 \
      ctest --test-dir build/sanitize --output-on-failure --parallel "$(nproc)" --timeout 1200
    exit
    ;;
  *)
    echo "usage: bash tests/run.sh [--sanitize]" >&2
    exit 2
    ;;
esac
set_up -DDF_BUILD_TESTS=ON

# Both runners get their say before the verdict.
status=0
say "C++ tests"
build=(build/"$(.venv/bin/python -c 'import sys; print(f"cp{sys.version_info.major}{sys.version_info.minor}")')"-*)
.venv/bin/ctest --test-dir "${build[0]}" --output-on-failure --parallel "$(nproc)" --timeout 600 || status=1
say "Python tests"
.venv/bin/python -m pytest || status=1
exit $status
