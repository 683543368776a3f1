#include "runtime/actor/mailbox.h"

#include <utility>

namespace unmask {

Mailbox::Pushed Mailbox::admit(std::deque<Item>& lane, Item item) {
  if (is_closed_) return Pushed::kClosed;
  lane.push_back(std::move(item));
  return std::exchange(is_awake_, true) ? Pushed::kQueued : Pushed::kWake;
}

Mailbox::Pushed Mailbox::push(UserMessage message) {
  const std::scoped_lock lock(mutex_);
  if (is_stopping_ || is_closed_) return Pushed::kClosed;
  if (num_messages_ == limits_.max_messages || message.num_bytes > limits_.max_bytes - num_bytes_) {
    return Pushed::kFull;
  }
  ++num_messages_;
  num_bytes_ += message.num_bytes;
  return admit(ordered_, std::move(message));
}

Mailbox::Pushed Mailbox::push(DownNotice notice) {
  const std::scoped_lock lock(mutex_);
  return admit(ordered_, std::move(notice));
}

Mailbox::Pushed Mailbox::push(DueTimer timer) {
  const std::scoped_lock lock(mutex_);
  return admit(due_, timer);
}

Mailbox::Pushed Mailbox::stop() {
  const std::scoped_lock lock(mutex_);
  if (std::exchange(is_stopping_, true)) return Pushed::kQueued;
  return admit(ordered_, Stop{});
}

std::optional<Mailbox::Item> Mailbox::pop() {
  const std::scoped_lock lock(mutex_);
  std::deque<Item>& lane = due_.empty() ? ordered_ : due_;
  if (lane.empty()) return std::nullopt;
  std::optional<Item> item(std::move(lane.front()));
  lane.pop_front();
  if (const auto* message = std::get_if<UserMessage>(&*item)) {
    --num_messages_;
    num_bytes_ -= message->num_bytes;
  }
  return item;
}

bool Mailbox::park() {
  const std::scoped_lock lock(mutex_);
  if (!ordered_.empty() || !due_.empty()) return false;
  is_awake_ = false;
  return true;
}

std::size_t Mailbox::close() {
  std::deque<Item> dropped;  // destroyed without the lock: a message may hold anything
  const std::scoped_lock lock(mutex_);
  is_closed_ = true;
  dropped.swap(ordered_);
  due_.clear();
  num_bytes_ = 0;
  return std::exchange(num_messages_, 0);
}

std::size_t Mailbox::num_waiting() const {
  const std::scoped_lock lock(mutex_);
  return num_messages_;
}

}  // namespace unmask
