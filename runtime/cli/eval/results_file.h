#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "runtime/base/descriptor.h"
#include "runtime/base/result.h"

namespace unmask::cli {

/// What became of one item with one variant.
struct ItemResult {
  std::string variant;
  std::string task;
  std::size_t item = 0;      ///< counted from 0 within its task
  std::uint64_t digest = 0;  ///< of the question and how it was asked
  bool is_right = false;
  std::int64_t tokens = 0;
  std::int64_t forwards = 0;
  double seconds = 0;  ///< beside other jobs
  std::string text;

  bool operator==(const ItemResult&) const = default;
};

/// results.jsonl of a folder: a line with the settings, then one for each item that is done, each
/// written before the next. Held by one process at a time.
class ResultsFile {
 public:
  /// Makes the folder and the file if they are not there. What a process left half written goes.
  ///
  /// settings: a JSON object
  /// Errors  kInvalidArgument: it cannot be written, another process has it, it is of other
  ///         settings (which), or a line is none of this program's
  static Result<ResultsFile> open(const std::string& folder, const std::string& settings);

  [[nodiscard]] const std::vector<ItemResult>& results() const { return results_; }

  /// Errors  kInternal naming the file
  [[nodiscard]] Result<> append(ItemResult result);

 private:
  ResultsFile(std::string path, Descriptor file) : path_(std::move(path)), file_(std::move(file)) {}
  [[nodiscard]] Result<> read(const std::string& settings);
  [[nodiscard]] Result<> write(const std::string& line);

  std::string path_;
  Descriptor file_;
  std::vector<ItemResult> results_;
};

}  // namespace unmask::cli
