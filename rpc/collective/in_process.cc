#include "rpc/collective/in_process.h"

#include <condition_variable>
#include <cstring>
#include <mutex>
#include <optional>
#include <string>
#include <utility>

#include "runtime/base/check.h"

namespace unmask {
namespace {

/// What a rank brings to a call.
struct Contribution {
  const void* data = nullptr;
  std::size_t bytes = 0;
};

/// Where the ranks of a group meet. A call has two meetings: at the first everyone has brought its
/// data, at the second everyone has read the others'.
class Meeting {
 public:
  Meeting(int size, std::chrono::milliseconds timeout)
      : timeout_(timeout), brought_(static_cast<std::size_t>(size)) {}

  /// Before the first meeting of a call.
  void bring(int rank, Contribution mine) {
    const std::lock_guard lock(mutex_);
    brought_[static_cast<std::size_t>(rank)] = mine;
  }

  /// Waits until all ranks have arrived here.
  Result<> wait() {
    std::unique_lock lock(mutex_);
    if (failure_) return *failure_;
    const std::uint64_t turn = turn_;
    if (++num_arrived_ == size()) {
      num_arrived_ = 0;
      ++turn_;
      all_arrived_.notify_all();
      return {};
    }
    const bool came = all_arrived_.wait_for(lock, timeout_,
                                            [&] { return turn_ != turn || failure_.has_value(); });
    if (turn_ != turn) return {};
    if (!came) fail_locked({ErrorCode::kDeadlineExceeded, "a rank did not come to the collective"});
    return *failure_;
  }

  void fail(Error error) {
    const std::lock_guard lock(mutex_);
    fail_locked(std::move(error));
  }

  /// Between two meetings only.
  [[nodiscard]] const Contribution& of(int rank) const {
    return brought_[static_cast<std::size_t>(rank)];
  }
  [[nodiscard]] int size() const { return static_cast<int>(brought_.size()); }

 private:
  void fail_locked(Error error) {
    if (!failure_) failure_ = std::move(error);
    all_arrived_.notify_all();
  }

  const std::chrono::milliseconds timeout_;
  std::mutex mutex_;
  std::condition_variable all_arrived_;
  std::vector<Contribution> brought_;
  int num_arrived_ = 0;
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
    const Result<> met = bring({send, bytes});
    if (!met) return met;
    for (int r = 0; r < size() && bytes > 0; ++r) {
      std::memcpy(static_cast<std::byte*>(recv) + static_cast<std::size_t>(r) * bytes,
                  meeting_->of(r).data, bytes);
    }
    return meeting_->wait();
  }

  Result<> all_reduce_sum(float* data, std::size_t count, kernels::Stream /*stream*/) override {
    const Result<> met = bring({data, count * sizeof(float)});
    if (!met) return met;
    std::vector<float> sum(count, 0.0f);
    for (int r = 0; r < size(); ++r) {
      const auto* addend = static_cast<const float*>(meeting_->of(r).data);
      for (std::size_t i = 0; i < count; ++i) sum[i] += addend[i];
    }
    const Result<> read = meeting_->wait();
    if (!read) return read;
    if (count > 0) std::memcpy(data, sum.data(), count * sizeof(float));
    return {};
  }

  void abort() override { fail("the collective was aborted"); }

 private:
  Result<> bring(Contribution mine) {
    meeting_->bring(rank_, mine);
    const Result<> met = meeting_->wait();
    if (!met) return met;
    for (int r = 0; r < size(); ++r) {
      if (meeting_->of(r).bytes == mine.bytes) continue;
      fail("rank " + std::to_string(r) + " brought " + std::to_string(meeting_->of(r).bytes) +
           " bytes, rank " + std::to_string(rank_) + " " + std::to_string(mine.bytes));
      return meeting_->wait();
    }
    return {};
  }

  void fail(std::string why) { meeting_->fail({ErrorCode::kUnavailable, std::move(why)}); }

  const std::shared_ptr<Meeting> meeting_;
  const int rank_;
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

}  // namespace unmask
