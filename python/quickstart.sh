#!/usr/bin/env bash
# Sets everything up and does the main job: calibrates depth and dwell time for normal scalp.
# Writes quickstart-output/normal.preset.json and quickstart-output/normal.html. Needs Debian 12 or Ubuntu 24.04.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
extra_packages=()
source python/set_up.sh
set_up -DDF_BUILD_TESTS=OFF

preset=quickstart-output/normal.preset.json report=quickstart-output/normal.html
if [[ $preset -nt .venv/.dermaflux && $report -nt .venv/.dermaflux ]]; then
  say "Calibrated already, with this build; remove quickstart-output to do it again"
else
  say "Calibrating depth and dwell time for normal scalp"
  .venv/bin/dermaflux calibrate configs/calibrations/scalp.toml --class normal -o quickstart-output
fi
say "Checking the preset as a driver module would"
.venv/bin/dermaflux preset check "$preset"
echo "Open $report in a browser. Next: .venv/bin/dermaflux --help"
