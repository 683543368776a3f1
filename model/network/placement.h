#pragma once

#include <cstdint>
#include <string>

#include "kernels/ops/merge_candidates.h"
#include "kernels/shares.h"
#include "runtime/base/result.h"

namespace unmask::network {

/// Whether sums across workers are made in one order for 1, 2, 4 and 8 workers, or as fast as the
/// collective can.
enum class Numerics : std::uint8_t { kExact, kFast };

/// Items [begin, end) of heads, experts or vocabulary rows.
struct Slice {
  int begin = 0;
  int end = 0;

  [[nodiscard]] int size() const { return end - begin; }
};

/// A worker's place among those that share one model, and so what it holds of everything.
struct Placement {
  /// The candidates of all are merged at once.
  static constexpr int kMaxRanks = kernels::MergeCandidates::kMaxParts;

  int rank = 0;
  int num_ranks = 1;
  Numerics numerics = Numerics::kExact;

  [[nodiscard]] Result<> validate() const {
    if (num_ranks < 1 || rank < 0 || rank >= num_ranks) {
      return Error{ErrorCode::kInvalidArgument, "there is no rank " + std::to_string(rank) +
                                                    " among " + std::to_string(num_ranks) +
                                                    " workers"};
    }
    if (num_ranks > kMaxRanks) {
      return Error{ErrorCode::kInvalidArgument,
                   std::to_string(num_ranks) + " workers cannot share a model: there can be " +
                       std::to_string(kMaxRanks) + "; have more replicas instead"};
    }
    const bool divides_shares = kernels::kNumShares % num_ranks == 0;
    if (numerics == Numerics::kExact && !divides_shares) {
      return Error{ErrorCode::kInvalidArgument,
                   std::to_string(num_ranks) +
                       " workers cannot share a model under numerics=exact, which knows 1, 2, 4 "
                       "and 8; --set numerics=fast allows any number"};
    }
    return {};
  }

  [[nodiscard]] Slice slice(std::int64_t num_items) const {
    return {static_cast<int>(rank * num_items / num_ranks),
            static_cast<int>((rank + 1) * num_items / num_ranks)};
  }

  /// How sums over the slice are split; in one piece under kFast.
  [[nodiscard]] kernels::ShareOffsets shares(std::int64_t num_items) const {
    if (numerics == Numerics::kExact) return kernels::local_shares(num_items, rank, num_ranks);
    return whole(slice(num_items).size());
  }

  /// A sum over all of `num_items`, in one piece.
  [[nodiscard]] static kernels::ShareOffsets whole(std::int64_t num_items) {
    kernels::ShareOffsets shares;
    shares.offset[1] = num_items;
    return shares;
  }
};

}  // namespace unmask::network
