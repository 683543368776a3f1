#pragma once

#include <memory>
#include <optional>
#include <vector>

#include "kernels/backend.h"
#include "kernels/cpu/aligned_bytes.h"
#include "kernels/cpu/kernels.h"
#include "kernels/cpu/panels.h"
#include "kernels/cpu/row_blocks.h"
#include "kernels/cpu/thread_pool.h"

namespace unmask::kernels {

/// The host's own cores as a device. Every call has finished when it returns.
///
/// Rows are rounded to bf16 where the weights are; everything else is f32. Used by one thread at a
/// time. Instruction sets agree within rounding, not in bytes.
class CpuBackend final : public Backend {
 public:
  struct Options {
    ThreadPool::Options threads;
    std::optional<InstructionSet> instruction_set;  ///< default: the best of this machine
  };

  explicit CpuBackend(Options options = {});

  [[nodiscard]] DeviceKind kind() const override { return DeviceKind::kCpu; }
  [[nodiscard]] DType activation_dtype() const override { return DType::kF32; }
  [[nodiscard]] std::string numeric_class() const override {
    return std::string("cpu-") + kernels_.name;
  }
  [[nodiscard]] MemoryInfo memory() const override { return host_memory(); }
  [[nodiscard]] Stream stream() const override { return {}; }
  void synchronize() override {}

  void reserve(const WorkingShape& shape) override;
  [[nodiscard]] std::unique_ptr<Buffer> allocate(std::size_t bytes) override;
  [[nodiscard]] std::unique_ptr<Buffer> allocate_shared(std::size_t bytes) override {
    return allocate(bytes);
  }
  void copy_to_device(void* device, const Buffer& from, std::size_t bytes) override {
    upload(device, from.data(), bytes);
  }
  void upload(void* device, const void* host, std::size_t bytes) override;
  void download(void* host, const void* device, std::size_t bytes) override;

  [[nodiscard]] std::unique_ptr<PackedMatrix> pack_matrix(std::span<const HostMatrix> parts,
                                                          DType dtype,
                                                          ShareOffsets col_shares) override;
  [[nodiscard]] std::unique_ptr<PackedExperts> pack_experts(std::span<const ExpertMatrices> experts,
                                                            DType dtype,
                                                            ShareOffsets shares) override;

 private:
  class AttentionCall;
  class ExpertsCall;
  class MixCall;

  void compute(const Embed& op) override;
  void compute(const GatherRows& op) override;
  void compute(const RmsNorm& op) override;
  void compute(const Linear& op) override;
  void compute(const QkNormRopeKvWrite& op) override;
  void compute(const Attention& op) override;
  void compute(const RouteTopk& op) override;
  void compute(const Experts& op) override;
  void compute(const TreeAdd& op) override;
  void compute(const LmHeadCandidates& op) override;
  void compute(const MergeCandidates& op) override;
  void compute(const MaxParts& op) override;
  void compute(const MixEmbeddings& op) override;
  void compute(const ScatterRows& op) override;
  void compute(const GuideRows& op) override;
  void compute(const DrawTokens& op) override;

  /// Fills packed_rows_ with the rows of x in the layout that `weights` is multiplied with.
  const std::byte* pack_rows(const Tensor& x, const Panels& weights, const RowBlocks& blocks);

  const Kernels& kernels_;
  ThreadPool pool_;
  Scratch packed_rows_;                   // inputs of a matrix product
  Scratch intermediate_, contributions_;  // of experts and of the vocabulary
  std::vector<Scratch> thread_scratch_;   // one per thread
};

/// The numbers of an f32 tensor.
float* floats(const Tensor& tensor);

/// Items that together are worth waking a thread for (some 10 us), if one costs `values` operations
/// on a number.
constexpr int grain_of(std::int64_t values) { return int(1 + 100'000 / (values + 1)); }

}  // namespace unmask::kernels
