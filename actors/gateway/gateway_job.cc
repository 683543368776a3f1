#include "actors/gateway/gateway_job.h"

namespace unmask::actors {

bool Subscribers::add(Subscriber& subscriber) {
  const auto before = std::ranges::find(list_, subscriber.client, &Subscriber::client);
  if (before != list_.end() && before->subscription.blocks) {
    subscriber.after_block = std::max(subscriber.after_block, before->after_block);
  }
  remove(subscriber.client);
  if (list_.size() == kMaxSubscribers) return false;
  list_.push_back(subscriber);
  return true;
}

// Blocks are always wanted here: a client that comes back may ask for them.
GatewayJob::GatewayJob(Submit submit, std::uint64_t body_digest, TokenInput input,
                       std::unique_ptr<TextStream> text_stream)
    : admit{submit.job,
            {},
            body_digest,
            std::move(input),
            std::move(submit.parameters),
            submit.deadline,
            {true, submit.subscription.frames, submit.subscription.trace,
             submit.subscription.logprobs},
            -1,
            submit.is_detached,
            submit.priority},
      stream(std::move(text_stream)),
      stop(std::move(submit.stop)),
      max_text_bytes(std::holds_alternative<TemplateInput>(submit.input) ? kMaxAnswerBytes / 2
                                                                         : kMaxAnswerBytes) {}

Admit GatewayJob::admission(Time now) const {
  Admit again = admit;
  again.resume_after_block = last_block();
  if (deadline) {
    // One that has passed still has to end the job, wherever it runs.
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(*deadline - now);
    again.deadline = std::max(left, std::chrono::milliseconds(1));
  }
  return again;
}

/// What of `more` goes out: all, or nothing any more once the answer is too long.
std::string GatewayJob::take_text(std::string more) {
  is_too_long = is_too_long || text.size() + more.size() > max_text_bytes;
  if (is_too_long) return {};
  text += more;
  return more;
}

const Committed* GatewayJob::take(Committed block) {
  if (finished || stop.has_stopped() || block.block <= last_block()) return nullptr;
  queued.reset();
  block.text = take_text(stop.append(stream->append(block)));
  blocks.push_back(std::move(block));
  return &blocks.back();
}

const Committed* GatewayJob::take(Finished end) {
  std::string rest = stop.append(stream->finish(!is_early(end.reason)));
  rest = take_text(rest + stop.finish());
  const bool has_tail = !rest.empty();
  // The coordinator may have gone on before it heard of a stop string; one that was restarted may
  // not be as far as its predecessor was. What clients have is what counts.
  if (has_tail) blocks.push_back({end.job, last_block() + 1, {}, {}, std::move(rest), {}});
  if (stop.has_stopped() || is_early(end.reason)) {
    end.tokens = committed_tokens();
    end.figures.tokens = std::int32_t(end.tokens.size());
    end.figures.blocks = std::int32_t(blocks.size());
  }
  // The answer ends before the stop string, however far the coordinator had come by then.
  const bool came_late =
      end.reason == FinishReason::kLength || end.reason == FinishReason::kDeadline;
  if (stop.has_stopped() && came_late) end.reason = FinishReason::kStop;
  end.text = text;
  end.fills = stream->fills();
  if (is_too_long) {
    end.fills.clear();
    end.reason = FinishReason::kError;
    end.error = Error{ErrorCode::kInvalidArgument,
                      "the answer has more than " + std::to_string(max_text_bytes >> 20) +
                          " MiB of text; ask for fewer tokens with --gen-length (max_tokens)"};
  }
  finished = std::move(end);
  queued.reset();
  admit.input = {};
  stream.reset();
  return has_tail ? &blocks.back() : nullptr;
}

Finished GatewayJob::finished_with_error(Error error) const {
  Finished end;
  end.job = admit.job;
  end.reason = FinishReason::kError;
  end.error = std::move(error);
  end.figures.prompt_tokens = accepted ? accepted->prompt_tokens : 0;
  return end;
}

std::vector<std::int32_t> GatewayJob::committed_tokens() const {
  std::vector<std::int32_t> tokens;
  for (const Committed& block : blocks) {
    tokens.insert(tokens.end(), block.tokens.begin(), block.tokens.end());
  }
  return tokens;
}

std::size_t GatewayJob::num_bytes() const {
  constexpr std::size_t kFixed = 1024;  // nodes, ids, figures
  std::size_t num_tokens = 0, num_chars = 2 * text.size();
  for (const Committed& block : blocks) {
    num_tokens += block.tokens.size() + block.logprobs.size();
    num_chars += block.text.size() + sizeof block;
  }
  if (finished) {
    for (const Fill& fill : finished->fills) num_chars += fill.text.size() + sizeof fill;
  }
  if (finished) num_tokens += finished->tokens.size() + finished->canvas.size();
  return kFixed + num_tokens * sizeof(std::int32_t) + num_chars;
}

}  // namespace unmask::actors
