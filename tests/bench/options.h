#pragma once

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "kernels/instruction_set.h"
#include "tests/bench/stopwatch.h"
#include "tests/source_dir.h"

namespace unmask::bench {

inline const std::vector<std::string> kSections = {"model", "layer",   "head",   "forward",
                                                   "step",  "gateway", "serving"};
inline const std::vector<std::string> kGpuSections = {"layer", "head", "forward"};

/// What to measure, how long, and where to write it.
struct Options {
  bool is_quick = false;
  bool is_on_gpu = false;         ///< the sections of kGpuSections, on the first GPU
  bool is_fast = false;           ///< numerics: of the section forward
  std::vector<std::string> only;  ///< of kSections; empty: all
  std::filesystem::path model = source_dir() / "model/zoo/unmask-tiny";
  int num_threads = 0;                                       ///< 0: all cores
  std::optional<kernels::InstructionSet> instruction_set{};  ///< none: the best
  Stopwatch::Kind stopwatch = Stopwatch::Kind::kWall;
  std::string json_file;     ///< "-": stdout, instead of the table; empty: none
  bool is_recorded = false;  ///< a line is added to the history

  [[nodiscard]] bool wants(const std::string& section) const {
    if (is_on_gpu &&
        std::find(kGpuSections.begin(), kGpuSections.end(), section) == kGpuSections.end())
      return false;
    return only.empty() || std::find(only.begin(), only.end(), section) != only.end();
  }
  [[nodiscard]] std::vector<int> rows() const {
    return is_quick ? std::vector{8, 64} : std::vector{1, 8, 32, 64, 128};
  }
  /// For one forward at one number of rows, which is repeated as often as fits.
  [[nodiscard]] std::chrono::milliseconds time_per_cell() const {
    return std::chrono::milliseconds(is_quick ? 400 : 3000);
  }
};

/// Exits after --help or a flag that cannot be right.
Options parse_options(int argc, char** argv);

}  // namespace unmask::bench
