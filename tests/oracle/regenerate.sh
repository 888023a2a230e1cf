#!/bin/sh
# Rewrites every fixture with real Keras, in a virtual environment of its own.
set -eu
cd "$(dirname "$0")/../.."
environment=target/oracle
[ -x "$environment/bin/python" ] || python3 -m venv "$environment"
"$environment/bin/pip" install --quiet "keras==3.15.1" "jax==0.10.2" "numpy==2.4.6" "h5py==3.16.0"
for script in training_run random_configs layers summaries keras_files; do
    "$environment/bin/python" "tests/oracle/$script.py"
done
