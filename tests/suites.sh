# The suites: what each one is, how it runs, how its results are counted. Read by tests/suites.

jobs=${UNMASK_JOBS:-$(nproc)}
export CTEST_OUTPUT_ON_FAILURE=1
export UBSAN_OPTIONS=print_stacktrace=1
export TSAN_OPTIONS="halt_on_error=1 second_deadlock_stack=1 suppressions=$PWD/tests/tsan.supp"

about() {
  case $1 in
    format) echo "clang-format agrees with every source" ;;
    build) echo "everything, optimized, warnings are errors" ;;
    lint) echo "folders include only what they may; source rules; each rule can fail" ;;
    unit) echo "one file of the tree each" ;;
    golden) echo "the same logits, decisions and traces as the reference implementations" ;;
    simulation) echo "a whole cluster in one thread, 3,000 seeds, others with every commit" ;;
    cluster) echo "real processes, real sockets" ;;
    instructions) echo "portable and AVX2 loops: golden data and processes; UNMASK_FULL=1: all of unit, golden, cluster" ;;
    monitoring) echo "a real Prometheus runs every panel's query" ;;
    python) echo "the Python package and OpenAI's client, against a live cluster; UNMASK_FULL=1: clients that others wrote" ;;
    gpu) echo "on a real GPU" ;;
    asan) echo "unit and simulation under AddressSanitizer and UBSan, 50 seeds" ;;
    tsan) echo "actors under ThreadSanitizer" ;;
    headers) echo "each header of the libraries compiles alone" ;;
    tidy) echo "clang-tidy over every source that is not as it was when it was clean" ;;
  esac
}

# build PRESET TARGET...
build() { ./dev build "$@"; }

# cases PRESET PROCESSES LABELS: runs the tests that have one of the labels; none is a failure.
cases() {
  ctest --test-dir "build/$1" -j "$2" -L "^($3)\$" --no-tests=error --timeout 900
}

suite_format() {
  git ls-files '*.h' '*.cc' '*.cu' '*.cuh' | xargs clang-format --dry-run -Werror
  echo "$(git ls-files '*.h' '*.cc' '*.cu' '*.cuh' | wc -l) files are formatted"
}

suite_build() {
  build release
  # A test without a label would never run.
  unlabelled=$(ctest --test-dir build/release -N -LE '^(lint|unit|golden|simulation|cluster|monitoring|python|clients|gpu)$')
  case $unlabelled in
    *"Total Tests: 0"*) ;;
    *) echo "tests without the label of a suite:"; echo "$unlabelled"; return 1 ;;
  esac
  # Nor would one that no executable lists.
  for test in $(git ls-files 'tests/*_test.cc'); do
    grep -rq --include=CMakeLists.txt "\b$(basename "$test")" tests && continue
    echo "no CMakeLists.txt lists $test"
    return 1
  done
}

say_what_is_missing() {
  ! grep -q '^UNMASK_CUDA_INCLUDE:PATH=.*NOTFOUND' build/release/CMakeCache.txt ||
    echo "skipped: emulated CUDA kernels, as CUDA's headers are missing (./dev deps brings them)"
}

suite_lint() { cmake --preset release; cases release "$jobs" lint; }
suite_unit() { build release tests_unit; say_what_is_missing; cases release "$jobs" unit; }
suite_golden() { build release tests_golden; say_what_is_missing; cases release "$jobs" golden; }
# Other seeds with every commit, the same again for the same one; sanitizers keep to the first 50.
# No two commits that differ in the first digits share a seed. Without git: those from 0 on.
num_seeds=3000
first_seed_of_commit() {
  commit=$(git rev-parse HEAD 2>/dev/null | cut -c 1-8)
  echo $((0x${commit:-0} * num_seeds))
}
suite_simulation() {
  build release tests_simulation
  export UNMASK_SIM_FIRST="${UNMASK_SIM_FIRST-$(first_seed_of_commit)}" UNMASK_SIM_SEEDS=$num_seeds
  echo "seeds from $UNMASK_SIM_FIRST on; again: UNMASK_SIM_FIRST=$UNMASK_SIM_FIRST ./dev test simulation"
  cases release "$jobs" simulation
}
suite_cluster() { build release; cases release 1 cluster; }
# The sets that a machine has beside its best one, with which all other suites run.
suite_instructions() {
  build release
  few='AreThoseOfTheReference/(moe_gqa|llada_gqa)[ ]|GoldenTrace[.].*/(moe_gqa_22_|llada_gqa_dinfer_dual_hier)|^instructions$'
  code=0
  for set in portable avx2; do
    export UNMASK_COMPUTE_INSTRUCTIONS=$set
    build/release/unmask version || continue  # it says that this machine cannot
    if [ -n "${UNMASK_FULL-}" ]; then
      cases release "$jobs" 'unit|golden' || code=1
      cases release 1 cluster || code=1
    else
      ctest --test-dir build/release -j "$jobs" -R "$few" --no-tests=error --timeout 900 || code=1
    fi
  done
  return $code
}

suite_monitoring() { build release; cases release 1 monitoring; }
suite_python() { build release; cases release 1 "python${UNMASK_FULL:+|clients}"; }

suite_gpu() {
  [ -e /dev/nvidiactl ] || { echo "skipped: no GPU on this machine"; return; }
  command -v nvcc >/dev/null || { echo "skipped: no nvcc on this machine"; return; }
  build cuda tests_gpu unmask
  cases cuda 1 gpu
  ctest --test-dir build/cuda -R '^without_driver$' --no-tests=error
}

suite_asan() {
  build asan tests_unit tests_simulation
  UNMASK_SIM_FIRST=0 UNMASK_SIM_SEEDS=50 cases asan "$jobs" 'unit|simulation'
}

# ThreadSanitizer cannot map its shadow where addresses are spread too wide.
suite_tsan() {
  build tsan tests_tsan
  fixed=$(setarch -R true 2>/dev/null && echo "setarch -R")
  $fixed ctest --test-dir build/tsan -j "$jobs" -L '^tsan$' --no-tests=error --timeout 900
}

# Every source that the release build compiles.
compiled() {
  sed -n -E "s|^ *\"file\": \"$PWD/([^\"]*)\".*|\1|p" build/release/compile_commands.json | grep -v '^build/' | sort -u
}

# A header that is the first include of a source was compiled alone by the build; the others are here.
suite_headers() {
  build release
  compiled | xargs grep -m 1 -h '^#include' | sed -n 's/^#include "\(.*\)"/\1/p' | sort -u >build/log/first_includes
  # What the target all_verify_interface_header_sets would compile, less those.
  objects=$(ninja -C build/release -t targets all |
    sed -n 's|^\([^:]*_verify_interface_header_sets/\([^:]*\)[.]cxx[.]o\):.*|\2 \1|p' | sort |
    join -v 1 - build/log/first_includes | cut -d ' ' -f 2)
  [ -n "$objects" ] || { echo "no headers"; return 1; }
  cmake --build build/release -j "$jobs" --target $objects
  echo "$(echo "$objects" | wc -l) headers compile alone, and the $(wc -l <build/log/first_includes) that a source includes first"
}

# Longest first, so that no core waits for one at the end.
suite_tidy() {
  build release
  tests/lint/tidy --prove
  files=$(compiled | grep '[.]cc$')
  echo "$(echo "$files" | wc -l) files"
  ls -S $files | xargs -P "$jobs" -n 1 tests/lint/tidy build/release
}

minutes() { awk -v s="$1" 'BEGIN { printf "%.1f", s / 60 }'; }

# count_results LOG STATUS: sets passed, failed and note. A suite without ctest counts as one.
count_results() {
  note=$(sed -n 's/^skipped: /skipped: /p' "$1" | tail -1)
  # A suite may run ctest more than once.
  summary=$(sed -n -E 's/.*tests passed, ([0-9]+) tests failed out of ([0-9]+).*/\1 \2/p' "$1" |
    awk '{ failed += $1; all += $2 } END { if (NR) print failed, all }')
  passed=0
  failed=0
  if [ -n "$summary" ]; then
    failed=${summary% *}
    skipped=$(grep -c -E 'Test +#[0-9]+: .*\*\*\*(Skipped|Not Run)' "$1" || true)
    passed=$((${summary#* } - failed - skipped))
    [ "$skipped" -eq 0 ] || note="$skipped skipped"
  elif [ "$2" -eq 0 ] && [ -z "$note" ]; then
    passed=1
  fi
  [ "$2" -eq 0 ] || [ "$failed" -gt 0 ] || failed=1
  [ "$failed" -eq 0 ] || note="FAILED${note:+, $note}"
}
