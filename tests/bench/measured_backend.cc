#include "tests/bench/measured_backend.h"

#include <algorithm>
#include <set>

namespace unmask::bench {

using kernels::Tensor;

template <class Work>
void MeasuredBackend::book(Part part, double flops, double bytes, const Work& work) {
  backend_.synchronize();
  const double begin = stopwatch_.seconds();
  work();
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

void MeasuredBackend::linear(Tensor x, const kernels::PackedMatrix& weight, Tensor out) {
  if (is_passing_) return backend_.linear(x, weight, out);
  book(Part::kDense, 2.0 * x.rows * weight.rows() * weight.cols(), double(weight.bytes()),
       [&] { backend_.linear(x, weight, out); });
}

void MeasuredBackend::attention(Tensor qkv, kernels::HeadShape heads, kernels::KvLayer kv,
                                const kernels::AttentionPlan& plan, Tensor out) {
  if (is_passing_) return backend_.attention(qkv, heads, kv, plan, out);
  const auto row_offsets = read(plan.row_offsets, std::size_t(plan.num_sequences) + 1);
  const auto key_limits = read(plan.key_limit, std::size_t(qkv.rows));
  double scores = 0, keys = 0;
  for (std::size_t s = 0; s + 1 < row_offsets.size(); ++s) {
    int num_keys = 0;
    for (int row = row_offsets[s]; row < row_offsets[s + 1]; ++row) {
      scores += key_limits[std::size_t(row)];
      num_keys = std::max(num_keys, key_limits[std::size_t(row)]);
    }
    keys += num_keys;
  }
  book(Part::kAttention, 4.0 * scores * heads.num_heads * heads.head_dim,
       2.0 * keys * kv.keys.cols * sizeof(float),
       [&] { backend_.attention(qkv, heads, kv, plan, out); });
}

void MeasuredBackend::experts(Tensor x, const kernels::PackedExperts& experts, int first_expert,
                              int top_k, const std::int32_t* expert_ids,
                              const float* expert_weights, Tensor out) {
  if (is_passing_) {
    return backend_.experts(x, experts, first_expert, top_k, expert_ids, expert_weights, out);
  }
  const ExpertShape& shape = shapes_[&experts];
  std::set<std::int32_t> chosen;
  int num_choices = 0;
  for (const std::int32_t id : read(expert_ids, std::size_t(x.rows) * std::size_t(top_k))) {
    const std::int32_t expert = id - first_expert;
    if (expert < 0 || expert >= shape.count) continue;
    chosen.insert(expert);
    ++num_choices;
  }
  book(Part::kExperts, 2.0 * num_choices * shape.num_weights,
       double(experts.bytes()) / std::max(1, shape.count) * double(chosen.size()),
       [&] { backend_.experts(x, experts, first_expert, top_k, expert_ids, expert_weights, out); });
}

void MeasuredBackend::lm_head_candidates(Tensor x, const kernels::PackedMatrix& head,
                                         kernels::ShareOffsets vocab_shares,
                                         std::int32_t first_token, const CandidateQuery& query,
                                         kernels::CandidateStats* out) {
  if (is_passing_) {
    return backend_.lm_head_candidates(x, head, vocab_shares, first_token, query, out);
  }
  book(Part::kLmHead, 2.0 * x.rows * head.rows() * head.cols(), double(head.bytes()),
       [&] { backend_.lm_head_candidates(x, head, vocab_shares, first_token, query, out); });
}

std::unique_ptr<kernels::PackedExperts> MeasuredBackend::pack_experts(
    std::span<const kernels::ExpertMatrices> experts, kernels::DType dtype,
    kernels::ShareOffsets shares) {
  auto packed = backend_.pack_experts(experts, dtype, shares);
  if (!experts.empty()) {
    const kernels::HostMatrix& gate = experts.front().gate;
    shapes_[packed.get()] = {int(experts.size()), 3.0 * double(gate.rows) * double(gate.cols)};
  }
  return packed;
}

// The rest is passed on.

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

void MeasuredBackend::embed(Tensor table, const std::int32_t* tokens, Tensor soft_rows,
                            Tensor out) {
  backend_.embed(table, tokens, soft_rows, out);
}

void MeasuredBackend::rms_norm(Tensor x, const float* weight, float eps, Tensor out) {
  backend_.rms_norm(x, weight, eps, out);
}

void MeasuredBackend::qk_norm_rope_kv_write(Tensor qkv, kernels::HeadShape heads,
                                            const float* q_norm, const float* k_norm, float eps,
                                            kernels::Rope rope, const std::int32_t* positions,
                                            const std::int32_t* slots, kernels::KvLayer kv) {
  backend_.qk_norm_rope_kv_write(qkv, heads, q_norm, k_norm, eps, rope, positions, slots, kv);
}

void MeasuredBackend::route_topk(Tensor x, const float* router, int num_experts,
                                 const kernels::Routing& routing, std::int32_t* expert_ids,
                                 float* expert_weights) {
  backend_.route_topk(x, router, num_experts, routing, expert_ids, expert_weights);
}

void MeasuredBackend::tree_add(Tensor x, const void* parts, int num_parts) {
  backend_.tree_add(x, parts, num_parts);
}

void MeasuredBackend::merge_candidates(const kernels::CandidateStats* parts, int num_parts,
                                       int num_rows, kernels::CandidateStats* out) {
  backend_.merge_candidates(parts, num_parts, num_rows, out);
}

void MeasuredBackend::mix_embeddings(Tensor x, const kernels::PackedMatrix& head, Tensor table,
                                     kernels::ShareOffsets vocab_shares, const float* log_sum_exp,
                                     Tensor out) {
  backend_.mix_embeddings(x, head, table, vocab_shares, log_sum_exp, out);
}

}  // namespace unmask::bench
