#include "kernels/cpu/working_memory.h"

#include <algorithm>

#include "kernels/ops/candidate_stats.h"

namespace unmask::kernels {
namespace {

std::size_t product(int a, int b, int c = 1) {
  return std::size_t(a) * std::size_t(b) * std::size_t(c);
}

}  // namespace

CpuWorkingMemory cpu_working_memory(const WorkingShape& shape) {
  const int expert_rows = std::min(shape.num_rows, kMaxExpertRows);
  const int decoded_rows = std::min(shape.num_rows, kMaxDecodedRows);
  const int num_choices = expert_rows * shape.top_k;
  const std::size_t value = size_of(shape.weights);
  CpuWorkingMemory memory;
  memory.packed_rows =
      value * std::max(product(shape.num_rows, shape.widest_input()),
                       product(num_choices, std::max(shape.hidden, shape.expert_width)));
  const int num_chunks =
      (int(shape.vocabulary.num_items()) + VocabChunk::kMaxIds - 1) / VocabChunk::kMaxIds;
  memory.intermediate =
      std::max(sizeof(float) * product(num_choices, shape.expert_width),
               sizeof(CandidateStats) * product(num_chunks + kNumShares, decoded_rows));
  if (shape.mixes) {
    memory.intermediate = std::max(
        memory.intermediate, sizeof(float) * product(kNumShares, kMaxMixedRows, shape.hidden));
  }
  memory.contributions = sizeof(float) * product(num_choices, shape.hidden);
  const int key_stride = (shape.head_dim + kPanelCols - 1) / kPanelCols * kPanelCols;
  memory.per_thread =
      sizeof(float) *
      std::max({product(kMaxAttentionRows, shape.head_dim + shape.num_keys) +
                    product(2, shape.num_keys, key_stride),
                product(expert_rows, kExpertColsPerTask), product(kNumShares, shape.hidden),
                product(decoded_rows, VocabChunk::kMaxIds + kPanelCols),
                shape.mixes ? num_mix_floats(shape.hidden) : 0});
  return memory;
}

}  // namespace unmask::kernels
