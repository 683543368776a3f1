#!/bin/sh
# What only a GPU can tell: the tests, compute-sanitizer, the bench and what PyTorch makes of the
# same work. Writes one JSON file and says on stdout what it is at.
#
# usage: tests/gpu/run.sh [--quick] [FILE]
#   --quick  within a minute: fewer rows, memcheck only
#   FILE     where the JSON goes (default build/cuda/gpu.json)
# environment: UNMASK_GPU_BUILD  a folder with the built programs (default: ./dev build cuda)
set -eu
cd "$(dirname "$0")/../.."

quick='' file=build/cuda/gpu.json
for argument; do
  case $argument in
    --quick) quick=--quick ;;
    -*) sed -n '5,8s/^# //p' "$0" >&2; exit 64 ;;
    *) file=$argument ;;
  esac
done
build=${UNMASK_GPU_BUILD-}
if [ -z "$build" ]; then
  ./dev build cuda tests_gpu kernels_bench unmask_bench
  build=build/cuda
fi
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# Adds `"NAME": VALUE`, the value being JSON.
add() { printf '%s"%s": %s\n' "${comma-}" "$1" "$2" >>"$work/json"; comma=', '; }
# Runs a step and adds whether it passed; a failure does not keep the others from running.
failed=''
step() {
  name=$1
  shift
  echo "== $name"
  if "$@" >"$work/out" 2>&1; then
    add "$name" true
  else
    add "$name" false
    failed="$failed $name"
    tail -n 40 "$work/out"
  fi
}
# Adds the JSON that a command prints; null if it fails.
measure() {
  name=$1
  shift
  echo "== $name"
  if "$@" >"$work/value" 2>"$work/out"; then
    add "$name" "$(tail -n 1 "$work/value")"
  else
    add "$name" null
    failed="$failed $name"
    tail -n 20 "$work/out"
  fi
}

add date "\"$(date -u +%Y-%m-%dT%H:%M:%SZ)\""
add device "\"$(nvidia-smi --query-gpu=name,driver_version --format=csv,noheader | head -n 1)\""
tests=$(find "$build" -name kernels_cuda_tests -type f | head -n 1)
golden=$(find "$build" -name golden_cuda_tests -type f | head -n 1)
times=$(find "$build" -name kernels_bench -type f | head -n 1)
bench=$(find "$build" -name unmask_bench -type f | head -n 1)
step tests "$tests" --gtest_brief=1
step golden "$golden" --gtest_brief=1

subset='*AgreesWithTheReference*:*AgreeWithTheReference*:*RowsThatChose*'
tools=memcheck
[ -n "$quick" ] || tools='memcheck racecheck synccheck initcheck'
if command -v compute-sanitizer >/dev/null; then
  for tool in $tools; do
    step "$tool" timeout 300 compute-sanitizer --tool "$tool" --error-exitcode 1 \
      "$tests" --gtest_brief=1 --gtest_filter="$subset"
  done
fi

# Its lines, as a list of strings.
times_as_json() { "$times" | awk '{ printf "%s\"%s\"", NR > 1 ? ", " : "[", $0 } END { print "]" }'; }
measure operations times_as_json
# Its peaks are the probe of the memory; it measures a launch, too.
measure bench "$bench" --device cuda $quick --json -
rows=1,8,32,64,128
[ -z "$quick" ] || rows=8,64
if python3 -c 'import torch' 2>/dev/null; then
  measure torch python3 tests/gpu/torch_baseline.py --rows "$rows"
fi

mkdir -p "$(dirname "$file")"
{ echo '{'; cat "$work/json"; echo '}'; } >"$file"
echo "== $file"
[ -z "$failed" ] || { echo "failed:$failed" >&2; exit 1; }
