/// A device as a model sees it. The operations it may ask for are in kernels/ops: the whole
/// vocabulary of the forward pass.

#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <span>
#include <string>

#include "kernels/device_kind.h"
#include "kernels/fast_products.h"
#include "kernels/memory_info.h"
#include "kernels/ops/attention.h"
#include "kernels/ops/draw_tokens.h"
#include "kernels/ops/embed.h"
#include "kernels/ops/experts.h"
#include "kernels/ops/gather_rows.h"
#include "kernels/ops/guide_rows.h"
#include "kernels/ops/linear.h"
#include "kernels/ops/lm_head_candidates.h"
#include "kernels/ops/max_parts.h"
#include "kernels/ops/merge_candidates.h"
#include "kernels/ops/mix_embeddings.h"
#include "kernels/ops/qk_norm_rope_kv_write.h"
#include "kernels/ops/rms_norm.h"
#include "kernels/ops/route_topk.h"
#include "kernels/ops/scatter_rows.h"
#include "kernels/ops/tree_add.h"
#include "kernels/packed_weights.h"
#include "kernels/recording.h"
#include "kernels/shares.h"
#include "kernels/stream.h"
#include "kernels/tensor.h"
#include "kernels/working_shape.h"
#include "runtime/base/result.h"

namespace unmask::kernels {

/// Device memory; freed with the object. Aligned to at least 64 bytes, zeroed.
class Buffer {
 public:
  virtual ~Buffer() = default;
  [[nodiscard]] virtual void* data() const = 0;
  [[nodiscard]] virtual std::size_t size() const = 0;  ///< bytes
};

/// One device and one queue of work on it.
///
/// All pointers in arguments are to this backend's memory unless they say host. Calls enqueue and
/// return; results are ready after synchronize(). A device fault throws DeviceError.
///
/// Numeric contract, unless it was made with FastProducts: each output row is summed in an order
/// that depends on nothing but the shapes of the weights and the number of keys the row sees; never
/// on other rows, on their number or on the number of threads. Sums over `ShareOffsets` are a
/// balanced tree over the shares: with 2^j workers each holding 8 / 2^j shares, TreeAdd over the
/// workers gives the bytes of one worker.
///
/// Dtypes: activations, keys and values f32 or bf16 (of those, a CPU has f32 only), weights f32 or
/// bf16, sums f32.
class Backend {
 public:
  virtual ~Backend() = default;

  [[nodiscard]] virtual DeviceKind kind() const = 0;
  /// What a model should keep its rows in.
  [[nodiscard]] virtual DType activation_dtype() const = 0;
  /// And rows that nothing but a Linear reads, whose weights are of this dtype: where they are
  /// rounded to that anyway they may be at once.
  [[nodiscard]] virtual DType operand_dtype(DType /*weights*/) const { return activation_dtype(); }
  /// Devices of one class give the same bytes for the same work: cpu-avx512, cuda-sm90.
  [[nodiscard]] virtual std::string numeric_class() const = 0;
  [[nodiscard]] virtual MemoryInfo memory() const = 0;

  [[nodiscard]] virtual Stream stream() const = 0;
  virtual void synchronize() = 0;

  /// Takes at once what the kernels need beside their operands for forwards of this shape.
  virtual void reserve(const WorkingShape& /*shape*/) {}
  [[nodiscard]] virtual std::unique_ptr<Buffer> allocate(std::size_t bytes) = 0;
  /// Memory that operations and the host both read and write; slower for the device than its own.
  [[nodiscard]] virtual std::unique_ptr<Buffer> allocate_shared(std::size_t bytes) = 0;
  /// Enqueues a copy of `from`'s first `bytes`, which stay as they are until it is done.
  virtual void copy_to_device(void* device, const Buffer& from, std::size_t bytes) = 0;
  virtual void upload(void* device, const void* host, std::size_t bytes) = 0;
  virtual void download(void* host, const void* device, std::size_t bytes) = 0;

  /// Whether record() can work here.
  [[nodiscard]] virtual bool can_record() const { return false; }
  /// What `enqueue` enqueues is kept instead of being done. It may run operations and collectives
  /// whose memory was made before, and nothing that waits.
  ///
  /// Errors  those of `enqueue`; kUnavailable: what was enqueued cannot be recorded
  [[nodiscard]] virtual Result<std::unique_ptr<Recording>> record(
      const std::function<Result<>()>& enqueue);
  virtual void replay(const Recording& recording);

  /// Stacks `parts` by rows and packs them as `dtype`; `col_shares` splits the input features.
  [[nodiscard]] virtual std::unique_ptr<PackedMatrix> pack_matrix(std::span<const HostMatrix> parts,
                                                                  DType dtype,
                                                                  ShareOffsets col_shares) = 0;
  /// experts: those held here, ascending; `shares` splits their list. May be empty.
  [[nodiscard]] virtual std::unique_ptr<PackedExperts> pack_experts(
      std::span<const ExpertMatrices> experts, DType dtype, ShareOffsets shares) = 0;
  /// The same for slices of an MLP: every row of an Experts with them has to choose all of them,
  /// with weight 1.
  [[nodiscard]] virtual std::unique_ptr<PackedExperts> pack_mlp(
      std::span<const ExpertMatrices> slices, DType dtype, ShareOffsets shares) {
    return pack_experts(slices, dtype, shares);
  }

  /// Decides what computes products of weights that were packed here, for each number of rows that
  /// forwards have room for. Before the first forward, and after reserve(); enqueues and waits.
  [[nodiscard]] virtual ProductReport choose_products(std::span<const WeightUse> /*uses*/,
                                                      std::span<const int> /*row_counts*/) {
    return {};
  }

  /// Enqueues one operation of kernels/ops. What its check() refuses aborts, on every device alike.
  template <class Op>
  void run(const Op& op) {
    op.check();
    compute(op);
  }

 private:
  // What run() asks of a device: operations that were checked.
  virtual void compute(const Embed& op) = 0;
  virtual void compute(const GatherRows& op) = 0;
  virtual void compute(const RmsNorm& op) = 0;
  virtual void compute(const Linear& op) = 0;
  virtual void compute(const QkNormRopeKvWrite& op) = 0;
  virtual void compute(const Attention& op) = 0;
  virtual void compute(const RouteTopk& op) = 0;
  virtual void compute(const Experts& op) = 0;
  virtual void compute(const TreeAdd& op) = 0;
  virtual void compute(const LmHeadCandidates& op) = 0;
  virtual void compute(const MergeCandidates& op) = 0;
  virtual void compute(const MaxParts& op) = 0;
  virtual void compute(const MixEmbeddings& op) = 0;
  virtual void compute(const ScatterRows& op) = 0;
  virtual void compute(const GuideRows& op) = 0;
  virtual void compute(const DrawTokens& op) = 0;
};

}  // namespace unmask::kernels
