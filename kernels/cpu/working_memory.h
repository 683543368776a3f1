#pragma once

#include <cstddef>
#include <cstdint>

#include "kernels/cpu/kernels.h"
#include "kernels/cpu/vocab_chunks.h"
#include "kernels/working_shape.h"

namespace unmask::kernels {

/// What the CPU's kernels need beside their operands, in bytes.
struct CpuWorkingMemory {
  std::size_t packed_rows = 0;    ///< inputs of a matrix product
  std::size_t intermediate = 0;   ///< of experts and of the vocabulary
  std::size_t contributions = 0;  ///< of experts
  std::size_t per_thread = 0;

  [[nodiscard]] std::uint64_t total(int num_threads) const {
    return packed_rows + intermediate + contributions + std::uint64_t(num_threads) * per_thread;
  }
};

/// Rows of an Experts that are computed at once: bounds what stands between its products.
inline constexpr int kMaxExpertRows = 512;
inline constexpr int kExpertColsPerTask = 128;
/// Rows of an LmHeadCandidates that are computed at once: bounds the logits in memory.
inline constexpr int kMaxDecodedRows = 240;

/// Rows of a MixEmbeddings that are computed at once.
inline constexpr int kMaxMixedRows = 60;
/// Logits of a row in its memory: those of a chunk, from the start of a panel.
inline constexpr int kMixStride = VocabChunk::kMaxIds + kPanelCols;
/// Per thread: logits, a piece of the table as panels, a row of it, probabilities, their product.
[[nodiscard]] constexpr std::size_t num_mix_floats(int table_cols) {
  constexpr std::size_t kRows = kMaxMixedRows;
  const std::size_t cols = std::size_t(table_cols), padded = cols + kPanelCols;
  return kRows * kMixStride + padded * VocabChunk::kMaxIds + padded + kRows * VocabChunk::kMaxIds +
         kRows * cols;
}

[[nodiscard]] CpuWorkingMemory cpu_working_memory(const WorkingShape& shape);

}  // namespace unmask::kernels
