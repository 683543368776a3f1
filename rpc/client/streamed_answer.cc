#include "rpc/client/streamed_answer.h"

namespace unmask::rpc {

StreamedAnswer::StreamedAnswer(const actors::Submit& submit)
    : is_whole_(submit.resume_after_block < 0 && submit.subscription.blocks) {}

void StreamedAnswer::add(const actors::Committed& block) {
  if (!is_whole_) return;
  ++num_blocks_;
  tokens_.insert(tokens_.end(), block.tokens.begin(), block.tokens.end());
  text_ += block.text;
}

void StreamedAnswer::complete(actors::Finished& end) const {
  if (!is_early(end.reason) || num_blocks_ <= end.figures.blocks) return;
  end.tokens = tokens_;
  end.text = text_;
  end.figures.tokens = std::int32_t(tokens_.size());
  end.figures.blocks = num_blocks_;
}

}  // namespace unmask::rpc
