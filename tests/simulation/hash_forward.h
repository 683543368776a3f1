#pragma once

#include "model/cache/kv_pages.h"
#include "model/cache/soft_rows.h"
#include "model/network/step_check.h"
#include "tests/simulation/group_forward.h"

namespace unmask::simulation {

/// HashModel behind the real checks of steps, the real pages and soft rows: what a row sees is what
/// stands in the slots that the page tables name. Every rank keeps its own.
class HashForward final : public GroupForward {
 public:
  HashForward(int num_ranks, int num_kv_pages, int num_soft_rows,
              const network::StepLimits& limits);

  std::vector<Result<StepResult>> run(const std::vector<Step>& steps) override;
  [[nodiscard]] int num_open_sequences(int rank) const override;

 private:
  struct Rank {
    cache::KvPages pages;
    std::vector<std::int32_t> tokens;  // by slot: the "keys and values"
    cache::SoftRows soft_rows;
    std::vector<std::int32_t> soft_tokens;  // by soft row
  };

  [[nodiscard]] Result<StepResult> run(Rank& rank, const Step& step) const;
  static SequenceResult run(Rank& rank, const SequenceStep& sequence, int first_row);

  const network::StepLimits limits_;
  std::vector<Rank> ranks_;
};

}  // namespace unmask::simulation
