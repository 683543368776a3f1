#pragma once

#include <algorithm>
#include <vector>

#include "kernels/cpu/kernels.h"
#include "kernels/shares.h"

namespace unmask::kernels {

/// A piece of the vocabulary, within one share, whose logits are in memory at once.
struct VocabChunk {
  static constexpr int kMaxIds = 512;

  int share = 0;
  int begin = 0;  ///< first id, counted from the first one held
  int end = 0;

  /// Logits are computed from the start of the panel that `begin` lies in.
  [[nodiscard]] int first_col() const { return begin / kPanelCols * kPanelCols; }
  [[nodiscard]] int num_cols() const { return end - first_col(); }
  [[nodiscard]] int skipped() const { return begin - first_col(); }
};

/// Chunks are counted from the start of their share, so they are the same on any number of workers.
inline std::vector<VocabChunk> chunks_of_share(const ShareOffsets& shares, int share) {
  std::vector<VocabChunk> chunks;
  const int end = int(shares.offset[std::size_t(share) + 1]);
  for (int id = int(shares.offset[std::size_t(share)]); id < end; id += VocabChunk::kMaxIds) {
    chunks.push_back({share, id, std::min(id + VocabChunk::kMaxIds, end)});
  }
  return chunks;
}

/// Those of all shares.
inline std::vector<VocabChunk> chunks_of(const ShareOffsets& shares) {
  std::vector<VocabChunk> chunks;
  for (int share = 0; share < shares.count; ++share) {
    const std::vector<VocabChunk> more = chunks_of_share(shares, share);
    chunks.insert(chunks.end(), more.begin(), more.end());
  }
  return chunks;
}

}  // namespace unmask::kernels
