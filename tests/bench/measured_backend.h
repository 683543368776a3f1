#pragma once

#include <map>
#include <memory>
#include <vector>

#include "kernels/backend.h"
#include "tests/bench/cost.h"
#include "tests/bench/stopwatch.h"

namespace unmask::bench {

/// A backend that books what each of its operations costs. Everything is done by `backend`, which
/// must outlive it, and is waited for.
class MeasuredBackend final : public kernels::Backend {
 public:
  MeasuredBackend(kernels::Backend& backend, Stopwatch stopwatch)
      : backend_(backend), stopwatch_(stopwatch) {}

  /// Calls work() as if this were `backend`.
  template <class Work>
  void pass(const Work& work) {
    is_passing_ = true;
    work();
    is_passing_ = false;
  }

  /// The cost of work(), which calls this backend; what it does beside that is `rest`.
  template <class Work>
  ForwardCost measure(const Work& work) {
    cost_ = {};
    const double begin = stopwatch_.seconds();
    work();
    backend_.synchronize();
    cost_.total.seconds = stopwatch_.seconds() - begin;
    add_up();
    return cost_;
  }

  [[nodiscard]] kernels::DType activation_dtype() const override {
    return backend_.activation_dtype();
  }
  [[nodiscard]] kernels::DType operand_dtype(kernels::DType weights) const override {
    return backend_.operand_dtype(weights);
  }
  [[nodiscard]] kernels::DeviceKind kind() const override { return backend_.kind(); }
  [[nodiscard]] std::string numeric_class() const override { return backend_.numeric_class(); }
  [[nodiscard]] kernels::MemoryInfo memory() const override { return backend_.memory(); }
  [[nodiscard]] kernels::Stream stream() const override { return backend_.stream(); }
  void synchronize() override { backend_.synchronize(); }
  void reserve(const kernels::WorkingShape& shape) override { backend_.reserve(shape); }
  // What is recorded is not booked, nor what is replayed.
  [[nodiscard]] bool can_record() const override { return backend_.can_record(); }
  [[nodiscard]] Result<std::unique_ptr<kernels::Recording>> record(
      const std::function<Result<>()>& enqueue) override {
    return backend_.record(enqueue);
  }
  void replay(const kernels::Recording& recording) override { backend_.replay(recording); }
  kernels::ProductReport choose_products(std::span<const kernels::WeightUse> uses,
                                         std::span<const int> row_counts) override {
    return backend_.choose_products(uses, row_counts);
  }
  std::unique_ptr<kernels::Buffer> allocate(std::size_t bytes) override;
  std::unique_ptr<kernels::Buffer> allocate_shared(std::size_t bytes) override {
    return backend_.allocate_shared(bytes);
  }
  void copy_to_device(void* device, const kernels::Buffer& from, std::size_t bytes) override {
    backend_.copy_to_device(device, from, bytes);
  }
  void upload(void* device, const void* host, std::size_t bytes) override;
  void download(void* host, const void* device, std::size_t bytes) override;
  std::unique_ptr<kernels::PackedMatrix> pack_matrix(std::span<const kernels::HostMatrix> parts,
                                                     kernels::DType dtype,
                                                     kernels::ShareOffsets col_shares) override;
  std::unique_ptr<kernels::PackedExperts> pack_experts(
      std::span<const kernels::ExpertMatrices> experts, kernels::DType dtype,
      kernels::ShareOffsets shares) override;
  std::unique_ptr<kernels::PackedExperts> pack_mlp(std::span<const kernels::ExpertMatrices> slices,
                                                   kernels::DType dtype,
                                                   kernels::ShareOffsets shares) override;

 private:
  void compute(const kernels::Linear& op) override;
  void compute(const kernels::Attention& op) override;
  void compute(const kernels::Experts& op) override;
  void compute(const kernels::LmHeadCandidates& op) override;
  // The rest is passed on.
  void compute(const kernels::Embed& op) override { backend_.run(op); }
  void compute(const kernels::GatherRows& op) override { backend_.run(op); }
  void compute(const kernels::RmsNorm& op) override { backend_.run(op); }
  void compute(const kernels::QkNormRopeKvWrite& op) override { backend_.run(op); }
  void compute(const kernels::RouteTopk& op) override { backend_.run(op); }
  void compute(const kernels::TreeAdd& op) override { backend_.run(op); }
  void compute(const kernels::MergeCandidates& op) override { backend_.run(op); }
  void compute(const kernels::MaxParts& op) override { backend_.run(op); }
  void compute(const kernels::MixEmbeddings& op) override { backend_.run(op); }
  void compute(const kernels::ScatterRows& op) override { backend_.run(op); }
  void compute(const kernels::GuideRows& op) override { backend_.run(op); }
  void compute(const kernels::DrawTokens& op) override { backend_.run(op); }

  /// Runs `op`, which has these costs, and books them.
  template <class Op>
  void book(Part part, double flops, double bytes, const Op& op);
  void add_up();
  void keep_size(const kernels::PackedExperts& packed,
                 std::span<const kernels::ExpertMatrices> experts);
  /// How many of a tensor's rows there are.
  [[nodiscard]] int rows_of(const kernels::Tensor& tensor);
  template <class T>
  std::vector<T> read(const T* values, std::size_t count);

  kernels::Backend& backend_;
  Stopwatch stopwatch_;
  std::map<const kernels::PackedExperts*, double> num_weights_;  // of one expert
  ForwardCost cost_;
  bool is_passing_ = false;
};

}  // namespace unmask::bench
