#!/bin/sh
# Make a virtual environment and install tiles with everything its tests need, at the versions in constraints.txt.
# Works on a bare Debian, where python3 may come without venv and pip may refuse to touch the system.
set -eu
python=$1
venv=$2

if ! "$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
    echo "tiles needs Python 3.11 or newer; '$python' is $("$python" --version 2>&1 || echo missing)." >&2
    echo "next: make setup PYTHON=/path/to/python3.11" >&2
    exit 1
fi
if [ ! -x "$venv/bin/python" ] || ! "$venv/bin/python" -m pip --version >/dev/null 2>&1; then
    rm -rf "$venv"
    if ! "$python" -m venv "$venv" 2>/dev/null; then
        # Debian splits venv's ensurepip off; virtualenv brings its own pip.
        rm -rf "$venv"
        tools=$(mktemp -d)
        trap 'rm -rf "$tools"' EXIT
        "$python" -m pip install --quiet --target "$tools" virtualenv
        PYTHONPATH="$tools" "$python" -m virtualenv --quiet "$venv"
    fi
fi
echo "installing into $venv (a few GB, a minute or two) ..."
"$venv/bin/python" -m pip install --quiet --disable-pip-version-check "uv>=0.5"
# uv resolves from the index alone, so no stray wheel of torch without its torchvision is picked up.
VIRTUAL_ENV="$(cd "$venv" && pwd)" "$venv/bin/uv" pip install --quiet --constraint constraints.txt --editable ".[dev]"
"$venv/bin/tiles" --version
