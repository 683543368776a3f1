#pragma once

#include <memory>
#include <optional>

#include "kernels/backend.h"
#include "kernels/cuda/cuda_event.h"
#include "kernels/cuda/cuda_stream.h"
#include "kernels/cuda/device_memory.h"
#include "kernels/cuda/library_products.h"
#include "kernels/cuda/upload_ring.h"

namespace unmask::kernels {

/// An NVIDIA GPU as a device, and one stream on it. Throws DeviceError where CUDA fails.
///
/// Rows are rounded to bf16 where the weights are; sums are f32. What an operation gets is in
/// device memory and not looked at before it runs: positions, slots, runs and ids must be valid.
/// Used by one thread at a time.
class CudaBackend final : public Backend {
 public:
  struct Options {
    int device = 0;                                  ///< index among those that CUDA sees
    std::optional<FastProducts> fast_products = {};  ///< none: own kernels compute everything
  };

  explicit CudaBackend(Options options);
  ~CudaBackend() override;

  [[nodiscard]] DeviceKind kind() const override { return DeviceKind::kCuda; }
  [[nodiscard]] DType activation_dtype() const override { return DType::kF32; }
  [[nodiscard]] DType operand_dtype(DType weights) const override { return weights; }
  [[nodiscard]] std::string numeric_class() const override;
  [[nodiscard]] MemoryInfo memory() const override;

  [[nodiscard]] Stream stream() const override { return {stream_.get()}; }
  void synchronize() override;

  void reserve(const WorkingShape& shape) override;
  [[nodiscard]] std::unique_ptr<Buffer> allocate(std::size_t bytes) override;
  [[nodiscard]] std::unique_ptr<Buffer> allocate_shared(std::size_t bytes) override;
  void copy_to_device(void* device, const Buffer& from, std::size_t bytes) override;
  void upload(void* device, const void* host, std::size_t bytes) override;
  /// Waits for what is enqueued, and for the copy.
  void download(void* host, const void* device, std::size_t bytes) override;

  [[nodiscard]] bool can_record() const override { return true; }
  [[nodiscard]] Result<std::unique_ptr<Recording>> record(
      const std::function<Result<>()>& enqueue) override;
  void replay(const Recording& recording) override;

  [[nodiscard]] std::unique_ptr<PackedMatrix> pack_matrix(std::span<const HostMatrix> parts,
                                                          DType dtype,
                                                          ShareOffsets col_shares) override;
  [[nodiscard]] std::unique_ptr<PackedExperts> pack_experts(std::span<const ExpertMatrices> experts,
                                                            DType dtype,
                                                            ShareOffsets shares) override;
  [[nodiscard]] std::unique_ptr<PackedExperts> pack_mlp(std::span<const ExpertMatrices> slices,
                                                        DType dtype, ShareOffsets shares) override;

  [[nodiscard]] ProductReport choose_products(std::span<const WeightUse> uses,
                                              std::span<const int> row_counts) override;

 private:
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

  template <class Op>
  void enqueue_with_scratch(const Op& op);
  /// The same, by the library where it was chosen.
  template <class Op>
  void enqueue_product(const Op& op);
  /// The stream, its device being this thread's current one.
  CUstream_st* queue() const;

  const int device_;
  CudaStream stream_;
  CudaEvent done_;
  UploadRing ring_;
  DeviceScratch scratch_;
  std::unique_ptr<LibraryProducts> library_;  // null: own kernels compute everything
};

}  // namespace unmask::kernels
