#include "rpc/collective/in_process.h"

#include <algorithm>
#include <condition_variable>
#include <cstring>
#include <mutex>
#include <optional>
#include <string>
#include <utility>

#include "runtime/base/check.h"

namespace unmask::rpc {
namespace {

/// What a rank brings to a call.
struct Contribution {
  const void* data = nullptr;
  std::size_t bytes = 0;
};

/// Where the ranks of a group meet. In every call each brings its data, meets the others, reads
/// theirs, and leaves when all have read: until then everybody's data stays where it is, also when
/// the group breaks.
class Meeting {
 public:
  Meeting(int size, std::chrono::milliseconds timeout)
      : timeout_(timeout), brought_(static_cast<std::size_t>(size)) {}

  /// Waits until all ranks have brought something. After a success leave() must follow.
  Result<> meet(int rank, Contribution mine) {
    std::unique_lock lock(mutex_);
    if (failure_) return *failure_;
    brought_[static_cast<std::size_t>(rank)] = mine;
    const std::uint64_t turn = turn_;
    if (++num_arrived_ == size()) {
      num_arrived_ = 0;
      num_reading_ = size();
      ++turn_;
      changed_.notify_all();
      return {};
    }
    const bool came =
        changed_.wait_for(lock, timeout_, [&] { return turn_ != turn || failure_.has_value(); });
    if (turn_ != turn) return {};
    if (!came) fail_locked({ErrorCode::kDeadlineExceeded, "a rank did not come to the collective"});
    return *failure_;
  }

  /// Waits until all ranks have read.
  void leave() {
    std::unique_lock lock(mutex_);
    if (--num_reading_ == 0) changed_.notify_all();
    changed_.wait(lock, [&] { return num_reading_ == 0; });
  }

  void fail(Error error) {
    const std::lock_guard lock(mutex_);
    fail_locked(std::move(error));
  }

  /// Between meet() and leave() only.
  [[nodiscard]] const Contribution& of(int rank) const {
    return brought_[static_cast<std::size_t>(rank)];
  }
  [[nodiscard]] int size() const { return static_cast<int>(brought_.size()); }

 private:
  void fail_locked(Error error) {
    if (!failure_) failure_ = std::move(error);
    changed_.notify_all();
  }

  const std::chrono::milliseconds timeout_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<Contribution> brought_;
  int num_arrived_ = 0;
  int num_reading_ = 0;
  std::uint64_t turn_ = 0;  // counts the meetings
  std::optional<Error> failure_;
};

class InProcessCollective final : public Collective {
 public:
  InProcessCollective(std::shared_ptr<Meeting> meeting, int rank)
      : meeting_(std::move(meeting)), rank_(rank) {}

  InProcessCollective(const InProcessCollective&) = delete;
  InProcessCollective& operator=(const InProcessCollective&) = delete;
  ~InProcessCollective() override { fail("rank " + std::to_string(rank_) + " left"); }

  [[nodiscard]] int rank() const override { return rank_; }
  [[nodiscard]] int size() const override { return meeting_->size(); }

  Result<> all_gather(const void* send, void* recv, std::size_t bytes,
                      kernels::Stream /*stream*/) override {
    const Result<> met = meet({send, bytes});
    if (!met) return met;
    for (int r = 0; r < size() && bytes > 0; ++r) {
      std::memcpy(static_cast<std::byte*>(recv) + static_cast<std::size_t>(r) * bytes,
                  meeting_->of(r).data, bytes);
    }
    meeting_->leave();
    return {};
  }

  Result<> all_reduce_sum(float* data, std::size_t count, kernels::Stream /*stream*/) override {
    const Result<> met = meet({data, count * sizeof(float)});
    if (!met) return met;
    std::vector<float> sum(count, 0.0f);
    for (int r = 0; r < size(); ++r) {
      const auto* addend = static_cast<const float*>(meeting_->of(r).data);
      for (std::size_t i = 0; i < count; ++i) sum[i] += addend[i];
    }
    meeting_->leave();
    std::ranges::copy(sum, data);
    return {};
  }

  void abort() override { fail("the collective was aborted"); }

 private:
  /// All ranks find a difference in size, if there is one.
  Result<> meet(Contribution mine) {
    const Result<> met = meeting_->meet(rank_, mine);
    if (!met) return met;
    for (int r = 0; r < size(); ++r) {
      const std::size_t bytes = meeting_->of(r).bytes;
      if (bytes == mine.bytes) continue;
      Error error{ErrorCode::kUnavailable,
                  "rank " + std::to_string(r) + " brought " + std::to_string(bytes) +
                      " bytes to the collective, rank " + std::to_string(rank_) + " " +
                      std::to_string(mine.bytes)};
      meeting_->fail(error);
      meeting_->leave();
      return error;
    }
    return {};
  }

  void fail(std::string why) { meeting_->fail({ErrorCode::kUnavailable, std::move(why)}); }

  const std::shared_ptr<Meeting> meeting_;
  const int rank_;
};

class LoneFactory final : public CollectiveFactory {
 public:
  Result<Bytes> prepare(Epoch /*epoch*/, int rank, int size) override {
    if (rank == 0 && size == 1) return Bytes(1);  // an empty address would be none
    return Error{ErrorCode::kInvalidArgument,
                 "a worker alone cannot be one of " + std::to_string(size)};
  }
  Result<std::unique_ptr<Collective>> connect(const std::vector<Bytes>& /*addresses*/,
                                              std::chrono::milliseconds timeout) override {
    return std::move(make_in_process_collectives(1, timeout).front());
  }
  void abort() override {}  // nothing here waits
};

}  // namespace

std::vector<std::unique_ptr<Collective>> make_in_process_collectives(
    int size, std::chrono::milliseconds timeout) {
  UNMASK_CHECK(size >= 1);
  const auto meeting = std::make_shared<Meeting>(size, timeout);
  std::vector<std::unique_ptr<Collective>> collectives;
  for (int rank = 0; rank < size; ++rank) {
    collectives.push_back(std::make_unique<InProcessCollective>(meeting, rank));
  }
  return collectives;
}

std::unique_ptr<CollectiveFactory> make_lone_collectives() {
  return std::make_unique<LoneFactory>();
}

}  // namespace unmask::rpc
