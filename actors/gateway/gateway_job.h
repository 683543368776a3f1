#pragma once

#include <algorithm>
#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "actors/gateway/stop_finder.h"
#include "actors/gateway/text_service.h"
#include "actors/messages.h"
#include "runtime/actor/clock.h"

namespace unmask::actors {

/// A client that wants to hear of a job.
struct Subscriber {
  PeerId client = 0;
  Subscription subscription;
  std::int32_t after_block = -1;  ///< the last block this client has

  [[nodiscard]] bool wants(const Committed& block) const {
    return subscription.blocks && block.block > after_block;
  }
};

/// At most kMaxSubscribers, each client once.
class Subscribers {
 public:
  static constexpr std::size_t kMaxSubscribers = 64;

  /// Replaces what the same client wanted before; what it was sent it is not sent again. False if
  /// there are too many.
  bool add(Subscriber& subscriber);
  void remove(PeerId client) {
    std::erase_if(list_, [&](auto& w) { return w.client == client; });
  }
  void clear() { list_.clear(); }
  [[nodiscard]] bool empty() const { return list_.empty(); }
  /// The client has all blocks up to this one.
  void has(PeerId client, std::int32_t block) {
    const auto subscriber = std::ranges::find(list_, client, &Subscriber::client);
    if (subscriber != list_.end())
      subscriber->after_block = std::max(subscriber->after_block, block);
  }
  [[nodiscard]] bool contain(PeerId client) const {
    return std::ranges::find(list_, client, &Subscriber::client) != list_.end();
  }
  /// Everybody who gets this block, each once over its connection.
  template <typename Send>
  void each_that_wants(const Committed& block, Send send) {
    for (Subscriber& subscriber : list_) {
      if (!subscriber.wants(block)) continue;
      subscriber.after_block = block.block;
      send(subscriber.client);
    }
  }
  [[nodiscard]] auto begin() const { return list_.begin(); }
  [[nodiscard]] auto end() const { return list_.end(); }

 private:
  std::vector<Subscriber> list_;
};

/// A job as the gateway holds it: what was wanted, and the answer so far as text.
struct GatewayJob {
  /// submit: its input was made `input`.
  GatewayJob(Submit submit, std::uint64_t body_digest, TokenInput input,
             std::unique_ptr<TextStream> text_stream);

  Admit admit;  ///< kept until the end: sent again when the coordinator comes back
  std::optional<Time> deadline;
  Subscribers subscribers;
  std::optional<Time> abandoned_at;  ///< no client watches it since then
  bool wants_cancel = false;
  bool waits_to_be_sent = false;  ///< the coordinator does not know yet all that is wanted

  std::unique_ptr<TextStream> stream;
  StopFinder stop;
  /// Of a template each fill is told twice, in the text and by its name, in one message.
  std::size_t max_text_bytes = kMaxAnswerBytes;
  std::string text;          ///< everything sent
  bool is_too_long = false;  ///< more text came than max_text_bytes: the job will end so
  std::optional<Accepted> accepted;
  std::optional<Queued> queued;  ///< the last place in the queue, while it waits
  std::vector<Committed> blocks;
  std::optional<Finished> finished;

  /// What to send to the coordinator at `now`: it goes on behind the blocks that are here.
  [[nodiscard]] Admit admission(Time now) const;

  /// By one of those who may, which the gateway has checked.
  [[nodiscard]] Cancel cancellation() const { return {admit.job, admit.requester}; }

  /// Whether `end` answers a Cancel that went ahead of this job: the job's own end comes behind its
  /// first word and all its blocks.
  [[nodiscard]] bool waits_for_blocks_of(const Finished& end) const {
    return !accepted && blocks.empty() && end.figures.blocks > 0;
  }

  /// The block as clients get it. Nothing if it was here before, or lies behind a stop string.
  [[nodiscard]] const Committed* take(Committed block);

  /// The end: text that was held back comes as one more block, which is returned.
  [[nodiscard]] const Committed* take(Finished end);

  /// What a client that comes, or comes back, has to be sent; it has that then.
  template <typename Send>
  void replay(const Subscriber& subscriber, Send send) {
    if (accepted) {
      Accepted again = *accepted;
      again.is_resend = true;
      send(WireMessage(again));
    }
    if (queued) send(WireMessage(*queued));
    for (const Committed& block : blocks) {
      if (subscriber.wants(block)) send(WireMessage(block));
    }
    if (!blocks.empty()) subscribers.has(subscriber.client, blocks.back().block);
    if (finished) send(WireMessage(*finished));
  }

  /// Its end, if the coordinator will not go on with it.
  [[nodiscard]] Finished finished_with_error(Error error) const;

  /// What was committed so far, as the answer of a job that ends before its time.
  [[nodiscard]] std::vector<std::int32_t> committed_tokens() const;

  /// Positions of its blocks, the last of which may be shorter.
  [[nodiscard]] std::int32_t block_length() const;

  /// What it takes once it is finished, roughly.
  [[nodiscard]] std::size_t num_bytes() const;

 private:
  [[nodiscard]] std::string take_text(std::string more);
  [[nodiscard]] std::int32_t last_block() const {
    return blocks.empty() ? -1 : blocks.back().block;
  }
};

}  // namespace unmask::actors
