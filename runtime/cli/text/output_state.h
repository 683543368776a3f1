#pragma once

#include <cstdint>
#include <cstdio>

namespace unmask::cli {

enum class OutputState : std::uint8_t {
  kGood,
  kUnread,  ///< its reader has left, as `head` does: no error, and nobody to tell
  kFailed,  ///< what was written is lost: a full disk
};

/// What became of all that was written to `file` and flushed. errno tells of the last write alone.
[[nodiscard]] OutputState output_state(std::FILE* file);

}  // namespace unmask::cli
