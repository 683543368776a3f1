/// A small load whose figures are easily counted by hand.

#pragma once

#include <vector>

#include "runtime/cli/bench/load_run.h"

namespace unmask::cli {

/// Two requests that succeeded, of 10 + 6 tokens in 5 + 3 forwards and 2 + 1 blocks of 8 positions,
/// and one that was refused; 2 seconds in all, two at once.
inline std::vector<RequestRecord> three_records() {
  RequestRecord first;
  first.start_s = 0;
  first.block_s = {0.5, 1.0};
  first.end_s = 1.25;
  first.positions = 16;
  first.end = {"", 4, 10, 5, 2, 0.1};
  RequestRecord second;
  second.index = 1;
  second.start_s = 1.0;
  second.block_s = {1.75};
  second.end_s = 2.0;
  second.positions = 8;
  second.end = {"", 3, 6, 3, 1, 0.3};
  RequestRecord refused;
  refused.index = 2;
  refused.start_s = 1.5;
  refused.end_s = 1.5;
  refused.end.failure = "the queue is full";
  return {first, second, refused};
}

inline LoadRun three_requests() {
  LoadRun run;
  run.date = "2026-11-30T13:05:14Z";
  run.endpoint = "tcp://127.0.0.1:7400";
  run.version = "0.1.0";
  run.dataset = "built-in";
  run.num_prompts = 3;
  run.max_concurrency = 2;
  run.goodput = "ttft:600";
  run.records = three_records();
  const std::vector<double> percents{50, 99.9};
  run.figures = figures_of(run.records, percents, *parse_goodput(run.goodput));
  return run;
}

}  // namespace unmask::cli
