/// What a run found out, and how it is told.

#pragma once

#include <iosfwd>
#include <string>
#include <vector>

#include "tests/bench/coordination.h"
#include "tests/bench/cost.h"
#include "tests/bench/forward/forward_run.h"
#include "tests/bench/gateway/gateway_run.h"
#include "tests/bench/peak.h"
#include "tests/bench/serving/serving_run.h"

namespace unmask::bench {

/// One forward at one number of rows, and the machine's peaks while it ran. Every figure is the
/// best of its own, so the parts may add up to less than the total.
struct Cell {
  std::string subject;
  std::string weights;  ///< f32 or bf16
  int num_rows = 0;
  int num_runs = 0;
  ForwardCost cost;
  Peaks peaks;

  /// Of the peak for what is computed with: the weights' type, but f32 for attention.
  [[nodiscard]] double share_of_peak() const {
    return cost.total.gflops() / peak(weights == "f32");
  }
  [[nodiscard]] double share_of_peak(Part part) const {
    return cost[part].gflops() / peak(weights == "f32" || part == Part::kAttention);
  }
  [[nodiscard]] double share_of_bandwidth(const Cost& part) const {
    return part.gbytes() / peaks.gbytes;
  }

 private:
  /// GFLOP/s. Where no instruction multiplies bf16, its products are made of f32.
  [[nodiscard]] double peak(bool is_f32) const {
    return is_f32 || peaks.bf16_gflops == 0 ? peaks.f32_gflops : peaks.bf16_gflops;
  }
};

struct Gpu {
  std::string name;                    ///< empty: the processor was measured
  double launch_seconds = 0;           ///< of a kernel that does nothing, one after the other
  double replayed_launch_seconds = 0;  ///< the same in a CUDA graph
};

struct Report {
  std::string date;    ///< UTC, as in 2026-01-31T12:00:00Z
  std::string commit;  ///< with a + if the sources differ from it
  std::string cpu;
  Gpu gpu;
  int num_threads = 0;
  std::string instruction_set;
  bool is_processor_time = false;  ///< times are not of the clock on the wall
  std::vector<Cell> cells;
  std::vector<ForwardRun> forwards;
  std::vector<Coordination> coordination;
  std::vector<GatewayRun> gateway;
  std::vector<ServingRun> serving;

  /// Each the middle one of all cells'; some cells know theirs from a few rounds only.
  [[nodiscard]] Peaks peaks() const;
};

void write_table(const Report& report, std::ostream& out);

/// One object, without line breaks.
std::string to_json(const Report& report);

}  // namespace unmask::bench
