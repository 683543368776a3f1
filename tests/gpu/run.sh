#!/bin/sh
# What only a GPU can tell, within 8 minutes: tests, compute-sanitizer, times, and the whole program.
# `tests/gpu/run.sh --help` lists the stages. Needs Python's own library, and what `./dev build cuda` built.
#
# environment: UNMASK_GPU_BUILD  the folder with the built programs (default: build/cuda)
#              UNMASK            the program (default: unmask in that folder)
set -eu
cd "$(dirname "$0")/../.."

build=${UNMASK_GPU_BUILD-build/cuda}
UNMASK=$(realpath -m "${UNMASK-$build/unmask}")
[ -x "$UNMASK" ] || [ "${1-}" = --help ] || { echo "there is no $UNMASK: ./dev build cuda makes it" >&2; exit 1; }
export UNMASK
exec python3 tests/gpu/run.py --build "$build" "$@"
