#include <benchmark/benchmark.h>  // forbidden: of tests
