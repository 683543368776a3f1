#include "tests/bench/measured_backend.h"

#include <algorithm>
#include <set>

namespace unmask::bench {

template <class Op>
void MeasuredBackend::book(Part part, double flops, double bytes, const Op& op) {
  backend_.synchronize();
  const double begin = stopwatch_.seconds();
  backend_.run(op);
  backend_.synchronize();
  Cost& cost = cost_[part];
  cost.seconds += stopwatch_.seconds() - begin;
  cost.flops += flops;
  cost.bytes += bytes;
}

template <class T>
std::vector<T> MeasuredBackend::read(const T* values, std::size_t count) {
  std::vector<T> host(count);
  backend_.download(host.data(), values, count * sizeof(T));
  return host;
}

void MeasuredBackend::add_up() {
  for (const Cost& part : cost_.parts) {
    cost_.total.flops += part.flops;
    cost_.total.bytes += part.bytes;
  }
  cost_.set_total(cost_.total.seconds);
}

void MeasuredBackend::compute(const kernels::Linear& op) {
  if (is_passing_) return backend_.run(op);
  const kernels::PackedMatrix& weight = op.weight;
  book(Part::kDense, 2.0 * rows_of(op.x) * weight.rows() * weight.cols(), double(weight.bytes()),
       op);
}

void MeasuredBackend::compute(const kernels::Attention& op) {
  if (is_passing_) return backend_.run(op);
  const auto row_offsets = read(op.plan.row_offsets, std::size_t(op.plan.num_sequences) + 1);
  const auto key_limits = read(op.plan.key_limit, std::size_t(op.qkv.rows));
  double scores = 0, keys = 0;
  for (std::size_t s = 0; s + 1 < row_offsets.size(); ++s) {
    int num_keys = 0;
    for (int row = row_offsets[s]; row < row_offsets[s + 1]; ++row) {
      scores += key_limits[std::size_t(row)];
      num_keys = std::max(num_keys, key_limits[std::size_t(row)]);
    }
    keys += num_keys;
  }
  book(Part::kAttention, 4.0 * scores * op.heads.q_cols(),
       2.0 * keys * op.kv.keys.cols * double(kernels::size_of(op.kv.keys.dtype)), op);
}

void MeasuredBackend::compute(const kernels::Experts& op) {
  if (is_passing_) return backend_.run(op);
  const int num_experts = op.experts.num_experts();
  std::set<std::int32_t> chosen;
  int num_choices = 0;
  for (const std::int32_t id :
       read(op.expert_ids, std::size_t(rows_of(op.x)) * std::size_t(op.top_k))) {
    const std::int32_t expert = id - op.first_expert;
    if (expert < 0 || expert >= num_experts) continue;
    chosen.insert(expert);
    ++num_choices;
  }
  book(Part::kExperts, 2.0 * num_choices * num_weights_[&op.experts],
       double(op.experts.bytes()) / std::max(1, num_experts) * double(chosen.size()), op);
}

void MeasuredBackend::compute(const kernels::LmHeadCandidates& op) {
  if (is_passing_) return backend_.run(op);
  const kernels::PackedMatrix& head = op.head;
  book(Part::kLmHead, 2.0 * rows_of(op.x) * head.rows() * head.cols(), double(head.bytes()), op);
}

std::unique_ptr<kernels::PackedExperts> MeasuredBackend::pack_experts(
    std::span<const kernels::ExpertMatrices> experts, kernels::DType dtype,
    kernels::ShareOffsets shares) {
  auto packed = backend_.pack_experts(experts, dtype, shares);
  keep_size(*packed, experts);
  return packed;
}

std::unique_ptr<kernels::PackedExperts> MeasuredBackend::pack_mlp(
    std::span<const kernels::ExpertMatrices> slices, kernels::DType dtype,
    kernels::ShareOffsets shares) {
  auto packed = backend_.pack_mlp(slices, dtype, shares);
  keep_size(*packed, slices);
  return packed;
}

void MeasuredBackend::keep_size(const kernels::PackedExperts& packed,
                                std::span<const kernels::ExpertMatrices> experts) {
  if (experts.empty()) return;
  const kernels::HostMatrix& gate = experts.front().gate;
  num_weights_[&packed] = 3.0 * double(gate.rows) * double(gate.cols);
}

int MeasuredBackend::rows_of(const kernels::Tensor& tensor) {
  return tensor.live_rows == nullptr ? tensor.rows : read(tensor.live_rows, 1).front();
}

std::unique_ptr<kernels::Buffer> MeasuredBackend::allocate(std::size_t bytes) {
  return backend_.allocate(bytes);
}

void MeasuredBackend::upload(void* device, const void* host, std::size_t bytes) {
  backend_.upload(device, host, bytes);
}

void MeasuredBackend::download(void* host, const void* device, std::size_t bytes) {
  backend_.download(host, device, bytes);
}

std::unique_ptr<kernels::PackedMatrix> MeasuredBackend::pack_matrix(
    std::span<const kernels::HostMatrix> parts, kernels::DType dtype,
    kernels::ShareOffsets col_shares) {
  return backend_.pack_matrix(parts, dtype, col_shares);
}

}  // namespace unmask::bench
