#pragma once

#include <cstdint>

#include "kernels/ops/candidate_stats.h"

namespace unmask::kernels {

/// out[i] = tree merge of parts[0 .. num_parts)[i], and of none up to a power of two.
///
/// Shapes  parts [num_parts, num_rows]; out [num_rows]
struct MergeCandidates {
  /// More than there are shares: under numerics=fast any number of workers has a part.
  static constexpr int kMaxParts = 64;

  const CandidateStats* parts = nullptr;
  int num_parts = 1;  ///< at most kMaxParts
  int num_rows = 0;
  const std::int32_t* live_rows = nullptr;  ///< as of a Tensor: how many of num_rows there are
  CandidateStats* out = nullptr;

  void check() const;
};

}  // namespace unmask::kernels
