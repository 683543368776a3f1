#pragma once

#include <cstdint>
#include <span>

#include "runtime/cli/text/output_file.h"

namespace unmask::cli {

/// A matrix of float32 as a NumPy file (.npy, version 1), written as its rows come.
///
/// Source  numpy.org/doc/stable/reference/generated/numpy.lib.format.html
class NpyWriter {
 public:
  explicit NpyWriter(OutputFile file) : file_(std::move(file)) {}

  /// Of the whole matrix; first, and once.
  void begin(std::int64_t num_rows, std::int64_t num_cols);
  /// Whole rows, as bit patterns.
  void append(std::span<const std::uint32_t> rows);

  /// Errors  kInternal if rows are missing, or those of OutputFile
  Result<> commit();

 private:
  OutputFile file_;
  std::int64_t values_left_ = 0;
};

}  // namespace unmask::cli
