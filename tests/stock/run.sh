#!/usr/bin/env bash
# Notebooks of the lecture on stock evcxr_jupyter, with one `:dep` line in front: three of them, or those named.
# The first run compiles evcxr_jupyter into target/stock (ten minutes on two cores).
set -euo pipefail
cd "$(dirname "$0")/../.."
stock="$PWD/target/stock"
[ -x "$stock/bin/evcxr_jupyter" ] || cargo install evcxr_jupyter --version "=0.22.0" --locked --root "$stock"
[ -x "$stock/bin/python" ] || python3 -m venv "$stock"
"$stock/bin/pip" install --quiet "nbclient>=0.10,<0.11" "ipykernel>=6,<8"
kernel="$stock/share/jupyter/kernels/stock-rust"
mkdir -p "$kernel"
cat > "$kernel/kernel.json" <<END
{"argv": ["$stock/bin/evcxr_jupyter", "--control_file", "{connection_file}"], "display_name": "Rust", "language": "rust"}
END
[ $# -gt 0 ] || set -- notebooks/02-local-minima.ipynb notebooks/08-bias-variance.ipynb notebooks/12-dropout.ipynb
KILN_DATA=embedded "$stock/bin/python" tests/stock/run.py "$@"
