#!/bin/sh
# Rewrites fixtures with real Keras, in a virtual environment of its own: all of them, or those of the named scripts.
set -eu
cd "$(dirname "$0")/../.."

# environment NAME PACKAGE...: makes target/oracle/NAME where it is missing, and prints its Python.
environment() {
    folder="target/oracle/$1"
    shift
    [ -x "$folder/bin/python" ] || python3 -m venv "$folder"
    "$folder/bin/pip" install --quiet "$@" >&2
    echo "$folder/bin/python"
}

for script in ${*:-training_run random_configs fits callbacks layers losses_and_metrics larger_rates summaries printed_arrays keras_files}; do
    case "$script" in
    keras2) python=$(environment keras2 "tensorflow-cpu==2.21.0" "tf-keras==2.21.0") && script=keras2_files ;;
    *) python=$(environment keras3 "keras==3.15.1" "jax==0.10.2" "numpy==2.4.6" "h5py==3.16.0") ;;
    esac
    "$python" "tests/oracle/$script.py"
done
