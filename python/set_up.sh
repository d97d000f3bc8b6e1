# What quickstart.sh and tests/run.sh share: Debian or Ubuntu packages, the virtual environment, the build. Source it from the
# repository root, then call `set_up [CMake options]`. A second call does only what has changed. DF_CUDA=OFF leaves CUDA out.

needed_packages=(g++ git libhdf5-dev libtomlplusplus-dev nlohmann-json3-dev python3-dev python3-venv)

say() { printf '\n== %s\n' "$*"; }

as_root() {
  if [[ $(id -u) -eq 0 ]]; then "$@"; else sudo "$@"; fi
}

# Installs the Debian packages that are missing, and asks for nothing if none is.
install_packages() {
  command -v dpkg-query >/dev/null || {
    echo "No apt here: please provide $* yourself." >&2
    return
  }
  local missing=() package
  for package in "$@"; do
    [[ $(dpkg-query -W -f '${Status}' "$package" 2>/dev/null) == "install ok installed" ]] || missing+=("$package")
  done
  if ((${#missing[@]})); then
    say "Installing ${missing[*]}"
    as_root env DEBIAN_FRONTEND=noninteractive apt-get update -qq
    as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null
  fi
}

# Makes .venv with everything that builds, runs and tests the package.
install_python_packages() {
  local stamp=.venv/.packages-$(cat pyproject.toml python/set_up.sh | sha256sum | cut -c1-16)
  if [[ -e $stamp ]]; then return; fi
  say "Setting up Python in .venv"
  [[ -x .venv/bin/python ]] || python3 -m venv .venv
  .venv/bin/python -c 'import sys; sys.exit(sys.version_info < (3, 11))' || {
    echo "dermaflux needs Python 3.11 or newer; this is $(.venv/bin/python --version)" >&2
    return 2
  }
  # pygenten carries a ready-built Kokkos; what it needs itself is not wanted.
  .venv/bin/python - >.venv/requirements.txt <<'PYTHON'
import tomllib
project = tomllib.load(open("pyproject.toml", "rb"))
wanted = project["build-system"]["requires"] + project["project"]["dependencies"] + project["project"]["optional-dependencies"]["test"]
print("\n".join(one for one in wanted if not one.startswith("pygenten")), "cmake>=3.28", "ninja", sep="\n")
PYTHON
  .venv/bin/python -m pip install -q --disable-pip-version-check -r .venv/requirements.txt
  if [[ $(uname -m) == x86_64 ]]; then
    .venv/bin/python -m pip install -q --disable-pip-version-check --no-deps "$(grep -o 'pygenten==[0-9.]*' pyproject.toml)"
  fi
  touch "$stamp"
}

# Builds and installs the package into .venv if a source or an option has changed. The build folder build/ is kept. A build with
# the C++ tests serves those who want none, too.
install_dermaflux() {
  set -- "$@" "-DDF_CUDA=${DF_CUDA:-AUTO}"  # always said: the build folder remembers what an earlier build was told
  local stamp=.venv/.dermaflux have="" option options=()
  for option in "$@"; do options+=("--config-settings=cmake.define.${option#-D}"); done
  if [[ -e $stamp ]]; then have=$(cat "$stamp"); fi
  if [[ $have == "$*" || ${have/DF_BUILD_TESTS=ON/DF_BUILD_TESTS=OFF} == "$*" ]] &&
    [[ -z $(find core kernels python configs tests CMakeLists.txt pyproject.toml -newer "$stamp" -not -name '*.pyc' -not -name __pycache__ -not -name '*.sh' \( -type f -o -type d \) -print -quit) ]]; then
    return
  fi
  say "Building dermaflux"
  PATH=$PWD/.venv/bin:$PATH .venv/bin/python -m pip install -q --disable-pip-version-check --no-build-isolation --no-deps \
    --force-reinstall "${options[@]}" . -v >build.log 2>&1 || {
    { grep -E -B2 -A12 'error|Error' build.log || tail -n 20 build.log; } | tail -n 60 >&2 || true
    echo "The build failed; all of it is in build.log" >&2
    return 1
  }
  rm -f build.log
  printf '%s' "$*" >"$stamp"
}

set_up() {
  install_packages "${needed_packages[@]}" "${extra_packages[@]}"
  install_python_packages
  install_dermaflux "$@"
}
