#include <algorithm>

#include "kernels/cpu/cpu_backend.h"
#include "kernels/cpu/cpu_experts.h"
#include "kernels/cpu/expert_rows.h"
#include "kernels/cpu/working_memory.h"
#include "runtime/base/check.h"

namespace unmask::kernels {
namespace {

/// Of a product; half as many of the width, gate and up being two.

/// Rows of gate and up by turns, sixteen each, so that one tile gives both for the same features.
std::vector<SourceRow> interleaved(const HostMatrix& gate, const HostMatrix& up) {
  std::vector<SourceRow> gates, ups, rows;
  append_rows(gate, kPanelCols, gates);
  append_rows(up, kPanelCols, ups);
  for (std::size_t i = 0; i < gates.size(); i += kPanelCols) {
    rows.insert(rows.end(), gates.begin() + long(i), gates.begin() + long(i) + kPanelCols);
    rows.insert(rows.end(), ups.begin() + long(i), ups.begin() + long(i) + kPanelCols);
  }
  return rows;
}

ShareOffsets one_share(std::int64_t n) {
  ShareOffsets shares;
  shares.offset[1] = n;
  return shares;
}

CpuExperts::Expert pack_expert(const ExpertMatrices& matrices, DType dtype, ThreadPool& pool) {
  const HostMatrix &gate = matrices.gate, &up = matrices.up, &down = matrices.down;
  UNMASK_CHECK(gate.rows == up.rows && gate.cols == up.cols);
  UNMASK_CHECK(down.rows == gate.cols && down.cols == gate.rows);
  std::vector<SourceRow> down_rows;
  append_rows(down, 1, down_rows);
  return {Panels(interleaved(gate, up), dtype, one_share(gate.cols), pool),
          Panels(down_rows, dtype, one_share(down.cols), pool)};
}

}  // namespace

std::unique_ptr<PackedExperts> CpuBackend::pack_experts(std::span<const ExpertMatrices> experts,
                                                        DType dtype, ShareOffsets shares) {
  UNMASK_CHECK(shares.num_items() == std::int64_t(experts.size()));
  std::vector<CpuExperts::Expert> packed;
  packed.reserve(experts.size());
  for (const ExpertMatrices& expert : experts) {
    UNMASK_CHECK(expert.gate.rows == experts[0].gate.rows);
    UNMASK_CHECK(expert.gate.cols == experts[0].gate.cols);
    packed.push_back(pack_expert(expert, dtype, pool_));
  }
  return std::make_unique<CpuExperts>(std::move(packed), shares);
}

/// One call of `experts`: gate and up, down, the weighted sum, one after the other.
class CpuBackend::ExpertsCall {
 public:
  ExpertsCall(CpuBackend& backend, const CpuExperts& experts, const ExpertRows& rows)
      : kernels_(backend.kernels_), backend_(backend), experts_(experts), rows_(rows) {}

  /// Choices times [hidden]: what each chosen expert says of its row, not yet weighted.
  const float* contributions(const Tensor& x) {
    const int hidden = x.cols, width = experts_[0].gate_up.num_rows() / 2;
    const std::size_t num_choices = std::size_t(rows_.num_choices());
    float* const activations = backend_.intermediate_.take<float>(num_choices * std::size_t(width));
    float* const out = backend_.contributions_.take<float>(num_choices * std::size_t(hidden));
    const auto row_of_x = [&](int choice) {
      return floats(x) + std::int64_t{rows_.row(choice)} * hidden;
    };
    pack([&](int e) -> const Panels& { return experts_[e].gate_up; }, row_of_x);
    multiply_gate_up(width, activations);
    const auto row_of_activations = [&](int choice) {
      return activations + std::int64_t{choice} * width;
    };
    pack([&](int e) -> const Panels& { return experts_[e].down; }, row_of_activations);
    multiply_down(hidden, out);
    return out;
  }

  void add_up(const float* contributions, const float* weights, int top_k, const Tensor& out) {
    const int hidden = out.cols, num_shares = experts_.shares().count;
    backend_.pool_.run_ranges(
        out.rows, grain_of(std::int64_t{hidden} * top_k), [&](int begin, int end, int thread) {
          float* const parts = backend_.thread_scratch_[std::size_t(thread)].take<float>(
              std::size_t(num_shares) * std::size_t(hidden));
          for (int i = begin; i < end; ++i) {
            std::fill_n(parts, std::int64_t{num_shares} * hidden, 0.0f);
            for (int slot = 0; slot < top_k; ++slot) {
              const int choice = rows_.choice(i, slot);
              if (choice < 0) continue;
              kernels_.add_scaled(contributions + std::int64_t{choice} * hidden,
                                  weights[std::int64_t{i} * top_k + slot], hidden,
                                  parts + std::int64_t{share_of(choice)} * hidden);
            }
            float* const to = floats(out) + std::int64_t{i} * hidden;
            std::fill_n(to, hidden, 0.0f);
            kernels_.add_tree(parts, hidden, num_shares, hidden, to);
          }
        });
  }

 private:
  /// A piece of one expert's product.
  struct Piece {
    int expert = 0;
    int first_col = 0;
    int num_cols = 0;
  };

  template <class Weights>
  std::vector<Piece> pieces_of(Weights&& weights_of) const {
    std::vector<Piece> pieces;
    for (const int expert : rows_.active()) {
      const int num_cols = weights_of(expert).num_rows();
      for (int col = 0; col < num_cols; col += kExpertColsPerTask) {
        pieces.push_back({expert, col, std::min(kExpertColsPerTask, num_cols - col)});
      }
    }
    return pieces;
  }

  RowBlocks blocks_of(int expert) const { return {rows_.num_rows(expert), kernels_.max_height}; }

  /// Bytes of packed rows before those of `expert`: all experts have one shape.
  std::byte* packed_rows(const RowPacker& packer, int expert) {
    return packed_ + std::size_t(rows_.first_choice(expert)) * packer.bytes_per_row();
  }

  template <class Weights, class Row>
  void pack(Weights&& weights_of, Row&& row) {
    const RowPacker any(kernels_, weights_of(0));
    packed_ = backend_.packed_rows_.take<std::byte>(std::size_t(rows_.num_choices()) *
                                                    any.bytes_per_row());
    const int grain = grain_of(std::int64_t(any.bytes_per_row()) * rows_.num_choices() /
                               std::int64_t(rows_.active().size()));
    backend_.pool_.run_ranges(int(rows_.active().size()), grain, [&](int begin, int end, int) {
      for (int a = begin; a < end; ++a) {
        const int expert = rows_.active()[std::size_t(a)];
        const RowPacker packer(kernels_, weights_of(expert));
        const RowBlocks blocks = blocks_of(expert);
        for (int block = 0; block < blocks.count(); ++block) {
          const int first = blocks.begin(block);
          packer.pack(
              blocks.begin(block + 1) - first,
              [&](int i) { return row(rows_.first_choice(expert) + first + i); },
              packed_rows(packer, expert) + std::size_t(first) * packer.bytes_per_row());
        }
      }
    });
  }

  template <class Weights, class Work>
  void for_each_piece(Weights&& weights_of, Work&& work) {
    const std::vector<Piece> pieces = pieces_of(weights_of);
    const std::int64_t values = weights_of(0).steps().total() * kExpertColsPerTask / kPanelCols *
                                rows_.num_choices() / std::int64_t(rows_.active().size());
    backend_.pool_.run_ranges(int(pieces.size()), grain_of(values),
                              [&](int begin, int end, int thread) {
                                for (int i = begin; i < end; ++i) {
                                  work(pieces[std::size_t(i)], thread);
                                }
                              });
  }

  void multiply_gate_up(int width, float* activations) {
    const auto weights_of = [&](int e) -> const Panels& { return experts_[e].gate_up; };
    for_each_piece(weights_of, [&](const Piece& piece, int thread) {
      const Panels& weights = weights_of(piece.expert);
      const int num_rows = rows_.num_rows(piece.expert);
      float* const both = backend_.thread_scratch_[std::size_t(thread)].take<float>(
          std::size_t(num_rows) * kExpertColsPerTask);
      multiply(kernels_, blocks_of(piece.expert),
               packed_rows(RowPacker(kernels_, weights), piece.expert), weights, piece.first_col,
               piece.num_cols, both, kExpertColsPerTask);
      for (int i = 0; i < num_rows; ++i) {
        float* const to = activations + std::int64_t{rows_.first_choice(piece.expert) + i} * width +
                          piece.first_col / 2;
        for (int col = 0; col < piece.num_cols; col += 2 * kPanelCols) {
          const float* const gate = both + std::int64_t{i} * kExpertColsPerTask + col;
          kernels_.silu_multiply(gate, gate + kPanelCols, kPanelCols, to + col / 2);
        }
      }
    });
  }

  void multiply_down(int hidden, float* out) {
    const auto weights_of = [&](int e) -> const Panels& { return experts_[e].down; };
    for_each_piece(weights_of, [&](const Piece& piece, int) {
      const Panels& weights = weights_of(piece.expert);
      multiply(kernels_, blocks_of(piece.expert),
               packed_rows(RowPacker(kernels_, weights), piece.expert), weights, piece.first_col,
               piece.num_cols,
               out + std::int64_t{rows_.first_choice(piece.expert)} * hidden + piece.first_col,
               hidden);
    });
  }

  int share_of(int choice) const {
    int share = 0;
    while (experts_.shares().offset[std::size_t(share) + 1] <= rows_.expert(choice)) ++share;
    return share;
  }

  const Kernels& kernels_;
  CpuBackend& backend_;
  const CpuExperts& experts_;
  const ExpertRows& rows_;
  std::byte* packed_ = nullptr;
};

void CpuBackend::compute(const Experts& op) {
  const auto& experts = static_cast<const CpuExperts&>(op.experts);
  for (int first = 0; first < op.x.rows; first += kMaxExpertRows) {
    const int num_rows = std::min(kMaxExpertRows, op.x.rows - first);
    const std::int64_t slot = std::int64_t{first} * op.top_k;
    const Tensor x = rows_of(op.x, first, num_rows), out = rows_of(op.out, first, num_rows);
    const ExpertRows rows(experts.num_experts(), op.first_expert, num_rows, op.top_k,
                          op.expert_ids + slot);
    if (rows.num_choices() == 0) {
      std::fill_n(floats(out), std::int64_t{out.rows} * out.cols, 0.0f);
      continue;
    }
    ExpertsCall call(*this, experts, rows);
    call.add_up(call.contributions(x), op.expert_weights + slot, op.top_k, out);
  }
}

}  // namespace unmask::kernels
