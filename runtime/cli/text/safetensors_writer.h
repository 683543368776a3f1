#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "runtime/cli/text/output_file.h"

namespace unmask::cli {

/// Tensors of 4-byte numbers as a safetensors file, written as they come: the header has its place
/// at the front, and is filled in at the end.
///
/// Source  github.com/huggingface/safetensors, README "Format"
class SafetensorsWriter {
 public:
  /// max_tensors: for which there is room in the header.
  SafetensorsWriter(OutputFile file, std::size_t max_tensors);

  /// dtype: F32 or I32. The tensor before must be whole.
  void begin(const std::string& name, const char* dtype, std::vector<std::int64_t> shape);
  /// Of the tensor that was begun last.
  void append(std::span<const std::uint32_t> values);

  /// Errors  kInternal if a tensor is not whole, or those of OutputFile
  Result<> commit();

 private:
  struct Entry {
    std::string name;
    const char* dtype;
    std::vector<std::int64_t> shape;
    std::uint64_t begin;
    std::uint64_t end;
  };

  [[nodiscard]] std::string header() const;

  OutputFile file_;
  const std::size_t header_bytes_;
  std::vector<Entry> entries_;
  std::uint64_t num_bytes_ = 0;  ///< of data so far
  bool is_broken_ = false;       ///< a tensor got another number of values than its shape has
};

}  // namespace unmask::cli
