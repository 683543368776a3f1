#include "rpc/link.h"

#include <algorithm>
#include <utility>

#include "rpc/codec/codec.h"

namespace unmask::rpc {
namespace {

constexpr std::size_t kMaxByeBytes = 1024;

/// What is wrong with a frame of this type and length, whatever is in it.
std::optional<std::string> frame_fault(std::uint16_t type, std::size_t num_bytes) {
  if (type == kHelloType) {
    if (num_bytes == kHelloBytes) return std::nullopt;
    return "a greeting that makes no sense";
  }
  const MessageTraits* const traits = traits_of(type);
  if (traits == nullptr) return "a message of the unknown type " + std::to_string(type);
  if (num_bytes <= traits->max_bytes) return std::nullopt;
  return "a message " + std::string(traits->name) + " of " + std::to_string(num_bytes) +
         " bytes, which is over the limit of " + std::to_string(traits->max_bytes);
}

}  // namespace

Link::Link(Options options, Owner owner, Time now, std::uint64_t jitter_seed)
    : options_(options),
      owner_(std::move(owner)),
      jitter_(jitter_seed),
      peer_credit_(options.window),
      resend_delay_(options.resend),
      opened_at_(now) {
  queue(kHelloType, encode_hello(options_.hello));
  pump(now);
}

bool Link::send(const actors::WireMessage& message, Time now) {
  if (is_down_) return false;
  const MessageType type = type_of(message);
  const MessageTraits& traits = *traits_of(type);
  if (traits.is_lossy) {
    if (!is_up_ || !waiting_.empty()) return true;  // lost, as it may be
    const Bytes body = encode(message);
    if (body.size() <= traits.max_bytes) transmit(type, 0, body);
    return !is_down_;
  }
  if (waiting_.size() >= options_.max_queued) return false;
  Bytes body = encode(message);
  if (body.size() > traits.max_bytes) return false;
  if (queued_bytes_ + body.size() > options_.max_queued_bytes) return false;
  queue(type, std::move(body));
  pump(now);
  return true;
}

void Link::queue(std::uint16_t type, Bytes body) {
  queued_bytes_ += body.size();
  waiting_.push_back({next_seq_++, type, std::move(body), {}});
}

void Link::pump(Time now) {
  while (!waiting_.empty() && !is_down_) {
    // Before the greeting nobody has promised room; after it the window is the other end's.
    const std::size_t room = std::min(options_.window, peer_credit_);
    if (in_flight_.size() >= std::max<std::size_t>(room, in_flight_.empty() ? 1 : 0)) break;
    Sent sent = std::move(waiting_.front());
    waiting_.pop_front();
    sent.sent_at = now;
    if (in_flight_.empty()) last_progress_ = now;
    transmit(sent.type, sent.seq, sent.body);
    in_flight_.push_back(std::move(sent));
    if (!resend_at_) resend_at_ = now + resend_delay_;
  }
}

void Link::transmit(std::uint16_t type, std::uint64_t seq, ByteView body) {
  Envelope64 envelope;
  envelope.type = type;
  envelope.node = options_.node;
  envelope.incarnation = std::uint32_t(options_.hello.incarnation);
  envelope.seq = seq;
  envelope.ack = received_;
  envelope.credit = credit();
  ack_at_.reset();
  // A transport without room lost the frame: it is sent again.
  (void)owner_.transmit(make_frame(envelope, body));
}

std::uint16_t Link::credit() const {
  const std::size_t held = undelivered_.size() + early_.size();
  return std::uint16_t(options_.window - std::min(options_.window, held));
}

void Link::receive(Bytes frame, Time now) {
  if (is_down_) return;
  const Result<ParsedFrame> parsed = parse_frame(frame);
  if (!parsed) return close(DownReason::kProtocol, parsed.error().message, now);
  const Envelope64& envelope = parsed->envelope;
  if (envelope.type == kByeType) {
    const auto* text = reinterpret_cast<const char*>(parsed->body.data());
    // Once both have greeted it is a goodbye; before that it is about the greeting.
    return fail(is_up_ ? DownReason::kNoConnection : DownReason::kProtocol,
                std::string(text, std::min(parsed->body.size(), kMaxByeBytes)));
  }
  if (envelope.version != kProtocolVersion && envelope.type != kHelloType) {
    return close(DownReason::kProtocol,
                 "the other end speaks protocol " + std::to_string(envelope.version) +
                     ", this one protocol " + std::to_string(kProtocolVersion),
                 now);
  }
  take_ack(envelope, now);
  if (is_down_) return;
  if (envelope.type == kAckType) return pump(now);
  if (const auto fault = frame_fault(envelope.type, parsed->body.size())) {
    return close(DownReason::kProtocol, *fault, now);
  }
  if (envelope.seq == 0) {
    if (!is_up_) return;
    Result<actors::WireMessage> message = decode(envelope.type, parsed->body);
    if (!message) return close(DownReason::kProtocol, message.error().message, now);
    // Not in order with what waits: heartbeats overtake, frames may be lost.
    (void)owner_.deliver(std::move(*message));
    return;
  }
  // What is beyond the credit is not acknowledged, and sent again later.
  if (!has_room_for(envelope.seq, parsed->body.size())) return;
  if (!ack_at_) ack_at_ = now + options_.ack_delay;
  if (envelope.seq <= received_ || envelope.seq > received_ + options_.window) return;
  hold(envelope.seq, envelope.type, parsed->body, now);
  if (!is_down_) pump(now);
}

/// Before the greeting nothing is kept but the greeting: who never greets costs nothing.
bool Link::has_room_for(std::uint64_t seq, std::size_t bytes) const {
  if (undelivered_.size() >= options_.window || undelivered_bytes_ >= options_.max_held_bytes) {
    return false;
  }
  if (seq <= received_ + 1) return true;
  return is_up_ && early_bytes_ + bytes <= options_.max_held_bytes;
}

/// Keeps a frame, and takes all that are next.
void Link::hold(std::uint64_t seq, std::uint16_t type, ByteView body, Time now) {
  if (early_.try_emplace(seq, type, Bytes(body.begin(), body.end())).second) {
    early_bytes_ += body.size();
  }
  if (seq != received_ + 1) {
    if (!gap_since_) gap_since_ = now;
    return;
  }
  while (!early_.empty() && early_.begin()->first == received_ + 1 && !is_down_) {
    auto [next_type, next_body] = std::move(early_.begin()->second);
    early_.erase(early_.begin());
    early_bytes_ -= next_body.size();
    ++received_;
    take_in_order(next_type, std::move(next_body), now);
  }
  gap_since_ = early_.empty() ? std::nullopt : std::optional(now);
}

void Link::take_ack(const Envelope64& envelope, Time now) {
  peer_credit_ = envelope.credit;
  bool has_progress = false;
  while (!in_flight_.empty() && in_flight_.front().seq <= envelope.ack) {
    queued_bytes_ -= in_flight_.front().body.size();
    in_flight_.pop_front();
    has_progress = true;
  }
  if (!has_progress) return;
  last_progress_ = now;
  resend_delay_ = options_.resend;
  resend_at_.reset();
  if (in_flight_.empty()) return;
  resend_at_ = now + resend_delay_;
  // What is overdue was lost as well: no need to wait for the timer again.
  if (now - in_flight_.front().sent_at >= options_.resend) resend_oldest(now);
}

void Link::take_in_order(std::uint16_t type, Bytes body, Time now) {
  if (type == kHelloType) return take_hello(body, now);
  if (!is_up_) return close(DownReason::kProtocol, "a message before the greeting", now);
  Result<actors::WireMessage> message = decode(type, body);
  if (!message) return close(DownReason::kProtocol, message.error().message, now);
  undelivered_.push_back({std::move(*message), body.size()});
  undelivered_bytes_ += body.size();
  if (!retry_at_) drain(now);
}

void Link::take_hello(ByteView body, Time now) {
  const std::optional<Hello> hello = decode_hello(body);
  if (!hello || is_up_) return close(DownReason::kProtocol, "a greeting that makes no sense", now);
  if (const auto mismatch = version_mismatch(options_.hello, *hello)) {
    return close(DownReason::kProtocol, *mismatch, now);
  }
  is_up_ = true;
  owner_.up(*hello);
}

void Link::drain(Time now) {
  retry_at_.reset();
  while (!undelivered_.empty() && !is_down_) {
    if (!owner_.deliver(undelivered_.front().message)) {
      retry_at_ = now + options_.retry;
      return;
    }
    if (is_down_) return;  // the receiver has closed the connection
    undelivered_bytes_ -= undelivered_.front().bytes;
    undelivered_.pop_front();
  }
}

void Link::tick(Time now) {
  if (is_down_) return;
  if (const auto why = overdue(now)) return close(DownReason::kNoConnection, *why, now);
  if (retry_at_ && *retry_at_ <= now) {
    drain(now);
    if (is_down_) return;
    if (!ack_at_) ack_at_ = now + options_.ack_delay;  // there is room again
  }
  if (resend_at_ && *resend_at_ <= now && !in_flight_.empty()) {
    if (now - last_progress_ > options_.give_up) {
      return fail(DownReason::kNoConnection,
                  "no answer for " + std::to_string(options_.give_up.count()) + " ms");
    }
    resend_oldest(now);
    resend_delay_ = std::min(2 * resend_delay_, options_.max_resend);
    resend_at_ =
        now + resend_delay_ +
        std::chrono::milliseconds(jitter_.below(std::uint64_t(options_.resend.count()) / 4 + 1));
  }
  if (ack_at_ && *ack_at_ <= now) transmit(kAckType, 0, {});
}

/// What the other end owes for too long.
std::optional<std::string> Link::overdue(Time now) const {
  const std::string limit = std::to_string(options_.give_up.count()) + " ms";
  if (!is_up_ && now - opened_at_ > options_.give_up) return "no greeting for " + limit;
  // While the receiver here is full, the missing one may have come and found no room.
  if (gap_since_ && undelivered_.empty() && now - *gap_since_ > options_.give_up) {
    return "a message is missing for " + limit;
  }
  return std::nullopt;
}

/// The oldest one tells the most: the others may only wait for it.
void Link::resend_oldest(Time now) {
  Sent& oldest = in_flight_.front();
  oldest.sent_at = now;
  transmit(oldest.type, oldest.seq, oldest.body);
}

std::optional<Time> Link::next_tick() const {
  if (is_down_) return std::nullopt;
  std::optional<Time> next;
  const auto after_limit = [this](std::optional<Time> since) {
    // Judged when the limit is over, so a little later.
    if (since) *since += options_.give_up + std::chrono::milliseconds(1);
    return since;
  };
  const std::optional<Time> greeting =
      is_up_ ? std::nullopt : after_limit(std::optional(opened_at_));
  const std::optional<Time> gap = undelivered_.empty() ? after_limit(gap_since_) : std::nullopt;
  for (const std::optional<Time>& at : {resend_at_, ack_at_, retry_at_, greeting, gap}) {
    if (at && (!next || *at < *next)) next = at;
  }
  return next;
}

void Link::close(DownReason reason, const std::string& why, Time /*now*/) {
  if (is_down_) return;
  const std::string text = why.substr(0, kMaxByeBytes);
  transmit(kByeType, 0, std::as_bytes(std::span(text)));
  fail(reason, why);
}

void Link::fail(DownReason reason, const std::string& why) {
  if (is_down_) return;
  is_down_ = true;
  waiting_.clear();
  in_flight_.clear();
  early_.clear();
  gap_since_.reset();
  undelivered_.clear();
  owner_.down(reason, why);
}

}  // namespace unmask::rpc
