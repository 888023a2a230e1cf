#!/usr/bin/env bash
# The quickstart in a real browser: JupyterLab as `cargo lab` starts it, and without a network nbconvert's page, exported
# figures, slides and the web page.
# Needs Debian's chromium and chromium-driver; selenium goes into an environment under target/ci. Screenshots are left in
# target/ci/browser.
set -euo pipefail
cd "$(dirname "$0")/../.."
venv=target/ci/venv
[ -x "$venv/bin/python" ] || python3 -m venv "$venv"
"$venv/bin/pip" install --quiet "selenium>=4.20,<5"
KILN_DATA=embedded KILN_STANDBY=0 "$venv/bin/python" tests/browser/lab.py notebooks/00-quickstart.ipynb target/ci/browser target/lab/venv/bin/python
cargo build --quiet -p kiln-kernel --bin kiln
"$venv/bin/python" tests/browser/offline.py "${CARGO_TARGET_DIR:-target}/debug/kiln" notebooks/00-quickstart.ipynb \
  notebooks/04-adaptive-optimizers.ipynb target/ci/browser
