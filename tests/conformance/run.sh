#!/usr/bin/env bash
# Jupyter's own suites against the kernel: jupyter_kernel_test, nbclient, nbconvert, papermill and the console, in an environment under target/ci.
set -euo pipefail
cd "$(dirname "$0")/../.."
venv=target/ci/venv
[ -x "$venv/bin/python" ] || python3 -m venv "$venv"
"$venv/bin/pip" install --quiet "jupyter_kernel_test>=0.7,<0.8" "nbclient>=0.10,<0.11" "ipykernel>=6,<8" \
  "nbconvert>=7,<8" "papermill>=2.6,<3" "jupyter_console>=6.6,<7"
cargo build --quiet -p kiln-kernel
target="${CARGO_TARGET_DIR:-target}"
"$target/debug/kiln" install --prefix "$venv"
KILN_STANDBY=0 KILN_STATE="$PWD/target/ci/state" "$venv/bin/python" -m unittest -v tests/conformance/test_kernel.py
