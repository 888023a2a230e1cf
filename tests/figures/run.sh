#!/usr/bin/env bash
# The gallery's figures in plotly, poppler and chromium; see check.py. Plotly and pillow go into an environment under
# target/ci, the pictures into target/ci/gallery.
set -euo pipefail
cd "$(dirname "$0")/../.."
venv=target/ci/venv
[ -x "$venv/bin/python" ] || python3 -m venv "$venv"
"$venv/bin/pip" install --quiet "plotly>=6,<7" "pillow>=11"
KILN_DATA=embedded cargo run --quiet -p kiln --features render --example gallery -- target/ci/gallery/page target/ci/gallery
"$venv/bin/python" tests/figures/check.py target/ci/gallery --draw
