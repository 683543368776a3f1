#include "model/network/group.h"

#include <string>
#include <utility>

#include "runtime/base/check.h"

namespace unmask::network {

Group::Group(kernels::Backend& backend, Placement placement, std::size_t max_part_bytes, Now now)
    : backend_(backend),
      placement_(placement),
      max_part_bytes_(max_part_bytes),
      now_(std::move(now)) {
  if (is_alone() || placement_.numerics == Numerics::kFast) return;
  gathered_ = backend_.allocate(max_part_bytes * static_cast<std::size_t>(placement.num_ranks));
}

Result<> Group::join(Collective* collective) {
  if (collective != nullptr &&
      (collective->rank() != placement_.rank || collective->size() != placement_.num_ranks)) {
    return Error{ErrorCode::kInvalidArgument,
                 "these weights are those of rank " + std::to_string(placement_.rank) + " of " +
                     std::to_string(placement_.num_ranks) + ", not of rank " +
                     std::to_string(collective->rank()) + " of " +
                     std::to_string(collective->size())};
  }
  collective_ = collective;
  return {};
}

template <typename Call>
Result<> Group::timed(const Call& call) {
  if (collective_ == nullptr) {
    return Error{ErrorCode::kUnavailable, "this worker has not joined a group yet"};
  }
  const auto start = now_ ? now_() : std::chrono::steady_clock::time_point();
  const Result<> result = call();
  if (now_) time_ += now_() - start;
  return result;
}

Result<> Group::add_parts(kernels::Tensor x, kernels::Tensor part) {
  if (is_alone()) {
    backend_.run(kernels::TreeAdd{.x = x, .parts = part.data, .num_parts = 1});
    return {};
  }
  const std::size_t count =
      static_cast<std::size_t>(part.rows) * static_cast<std::size_t>(part.cols);
  if (placement_.numerics == Numerics::kFast) {
    UNMASK_CHECK(part.dtype == kernels::DType::kF32);
    const Result<> summed = timed([&] {
      return collective_->all_reduce_sum(static_cast<float*>(part.data), count, backend_.stream());
    });
    if (summed) backend_.run(kernels::TreeAdd{.x = x, .parts = part.data, .num_parts = 1});
    return summed;
  }
  const std::size_t bytes = count * size_of(part.dtype);
  UNMASK_CHECK(bytes <= max_part_bytes_);
  const Result<> gathered = gather(part.data, gathered_->data(), bytes);
  if (gathered) {
    backend_.run(
        kernels::TreeAdd{.x = x, .parts = gathered_->data(), .num_parts = placement_.num_ranks});
  }
  return gathered;
}

Result<> Group::gather(const void* part, void* all, std::size_t bytes) {
  return timed([&] { return collective_->all_gather(part, all, bytes, backend_.stream()); });
}

Result<> Group::wait() {
  if (!is_alone() && collective_ != nullptr) return collective_->wait(backend_.stream());
  backend_.synchronize();
  return {};
}

std::chrono::microseconds Group::take_time() {
  return std::chrono::duration_cast<std::chrono::microseconds>(
      std::exchange(time_, std::chrono::steady_clock::duration::zero()));
}

}  // namespace unmask::network
