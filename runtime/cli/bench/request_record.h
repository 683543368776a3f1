#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace unmask::cli {

/// How one request ended. What a server does not say is 0, or nothing.
struct RequestEnd {
  std::string failure;  ///< why it failed, in a sentence; empty: it succeeded
  std::int64_t prompt_tokens = 0;
  std::int64_t tokens = 0;    ///< of the answer
  std::int64_t forwards = 0;  ///< denoising steps that its canvas saw
  std::int64_t blocks = 0;
  std::optional<double> queue_s{};  ///< seconds in the server's queue
};

/// One request of a load, as its client saw it. Times are seconds since the load began.
struct RequestRecord {
  std::size_t index = 0;
  double start_s = 0;           ///< when it was sent
  double end_s = 0;             ///< when its last message came
  std::vector<double> block_s;  ///< when each block came
  /// Canvas positions of all its blocks; 0: the server does not say.
  std::int64_t positions = 0;
  RequestEnd end;

  [[nodiscard]] bool is_good() const { return end.failure.empty(); }
  /// Until the first block came; nothing: none came.
  [[nodiscard]] std::optional<double> first_block_s() const {
    return block_s.empty() ? std::nullopt : std::optional(block_s.front() - start_s);
  }
};

}  // namespace unmask::cli
