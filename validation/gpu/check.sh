#!/usr/bin/env bash
# Everything a GPU must show, in at most 8 minutes; see README.md beside this file.
#   bash validation/gpu/check.sh             checks the GPU of this machine; builds first where build/gpu-check is missing
#   bash validation/gpu/check.sh --build     builds build/gpu-check, which holds all that the check needs; needs nvcc, no GPU
#   bash validation/gpu/check.sh --dry-run   builds, looks whether the folder is complete, and runs all that needs no GPU
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
for python in python3 python3.12 python3.13 python3.11; do
  if "$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
    exec "$python" -B "$root/validation/gpu/check.py" "$@"
  fi
done
echo "check.sh: there is no Python 3.11 or newer; install python3.12" >&2
exit 2
