#!/usr/bin/env bash
# Real Keras (PyPI, on JAX) reads the model files that Kiln writes, predicts the same, and trains on the same.
# Needs python3-venv and PyPI; the environment stays in target/ci.
set -euo pipefail
cd "$(dirname "$0")/../.."
venv=target/ci/keras
files=target/ci/keras_files
"$venv/bin/python" -c "import h5py, jax, keras, safetensors; assert keras.__version__ == '3.15.1'" 2>/dev/null || {
  python3 -m venv "$venv"
  "$venv/bin/pip" install --quiet "keras==3.15.1" jax h5py safetensors
}
rm -rf "$files"
cargo run --quiet -p kiln-tests --example write_keras_files -- "$files"
env -u OPENBLAS_CORETYPE -u OPENBLAS_L2_SIZE KERAS_BACKEND=jax "$venv/bin/python" tests/oracle/read_back.py "$files"
