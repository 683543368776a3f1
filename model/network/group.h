#pragma once

#include <chrono>
#include <functional>
#include <memory>

#include "kernels/backend.h"
#include "model/collective.h"
#include "model/network/placement.h"
#include "runtime/base/result.h"

namespace unmask::network {

/// The workers that share one model: puts together what each computed a part of.
class Group {
 public:
  using Now = std::function<std::chrono::steady_clock::time_point()>;

  /// A worker alone until join(). max_part_bytes: of the largest part that add_parts() will see.
  Group(kernels::Backend& backend, Placement placement, std::size_t max_part_bytes, Now now);

  /// collective: null for a worker alone; it must outlive its use.
  ///
  /// Errors  kInvalidArgument if its rank or size is not that of the weights
  Result<> join(Collective* collective);

  [[nodiscard]] const Placement& placement() const { return placement_; }
  [[nodiscard]] bool is_alone() const { return placement_.num_ranks == 1; }

  /// x += the sum of all ranks' `part`, which may be overwritten.
  Result<> add_parts(kernels::Tensor x, kernels::Tensor part);

  /// all[r * bytes ...] = rank r's part.
  Result<> gather(const void* part, void* all, std::size_t bytes);

  /// Waits for the backend's stream as Collective::wait() does: before every wait of the backend's
  /// own, and before memory is freed, which waits as well.
  ///
  /// Errors  kUnavailable, kDeadlineExceeded: what was enqueued is void
  Result<> wait();

  /// Time spent in collectives since the last call.
  std::chrono::microseconds take_time();

 private:
  template <typename Call>
  Result<> timed(const Call& call);

  kernels::Backend& backend_;
  const Placement placement_;
  const std::size_t max_part_bytes_;
  const Now now_;
  std::unique_ptr<kernels::Buffer> gathered_;
  Collective* collective_ = nullptr;
  std::chrono::steady_clock::duration time_{};
};

}  // namespace unmask::network
