#pragma once

#include "actors/messages.h"

namespace unmask::rpc {

/// The answer of one job as its blocks say it.
///
/// A job's end that comes before its time has the blocks that the servers know. If gateway and
/// coordinator have both lost their memory, those may be fewer than the client was told: what was
/// told is what counts.
class StreamedAnswer {
 public:
  StreamedAnswer() = default;
  /// Of a job that goes on behind blocks which only the caller has, nothing is kept.
  explicit StreamedAnswer(const actors::Submit& submit);

  /// The next block.
  void add(const actors::Committed& block);

  /// Gives `end` the blocks that it lacks.
  void complete(actors::Finished& end) const;

 private:
  bool is_whole_ = false;
  std::int32_t num_blocks_ = 0;
  std::vector<std::int32_t> tokens_;
  std::string text_;
};

}  // namespace unmask::rpc
