#include "tests/golden/reference_engine.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>
#include <numeric>
#include <set>

#include "runtime/base/check.h"

namespace unmask::golden {
namespace {

Error broken(const std::string& sentence) { return {ErrorCode::kInternal, sentence}; }

std::set<std::int32_t> positions_of(const Ranges& ranges) {
  std::set<std::int32_t> positions;
  for (const Range range : ranges) {
    for (std::int32_t position = range.begin; position < range.end; ++position) {
      positions.insert(position);
    }
  }
  return positions;
}

bool contains(const std::vector<std::int32_t>& ids, std::int32_t id) {
  return std::ranges::find(ids, id) != ids.end();
}

float to_float(const kernels::HostMatrix& matrix, std::int64_t index) {
  if (matrix.dtype == kernels::DType::kF32) return static_cast<const float*>(matrix.data)[index];
  UNMASK_CHECK(matrix.dtype == kernels::DType::kBF16);
  const std::uint32_t bits = static_cast<const std::uint16_t*>(matrix.data)[index];
  return std::bit_cast<float>(bits << 16);
}

}  // namespace

ReferenceEngine::ReferenceEngine(const checkpoint::Checkpoint& checkpoint)
    : checkpoint_(checkpoint), config_(checkpoint.config()) {
  const checkpoint::ModelConfig& c = config_;
  const auto vector = [&](const std::string& name, std::int64_t n) {
    auto values = checkpoint.vector_f32(name, n);
    UNMASK_CHECK(values.has_value());
    return *values;
  };
  embedding_ = load("model.embed_tokens.weight", c.vocab_size, c.hidden_size);
  head_ = c.has_tied_embeddings ? embedding_ : load("lm_head.weight", c.vocab_size, c.hidden_size);
  final_norm_ = vector("model.norm.weight", c.hidden_size);
  for (int l = 0; l < c.num_layers; ++l) {
    const std::string name = "model.layers." + std::to_string(l) + ".";
    Layer layer;
    layer.input_norm = vector(name + "input_layernorm.weight", c.hidden_size);
    layer.post_attention_norm = vector(name + "post_attention_layernorm.weight", c.hidden_size);
    if (c.has_qk_norm) {
      layer.q_norm = vector(name + "self_attn.q_norm.weight", c.head_dim);
      layer.k_norm = vector(name + "self_attn.k_norm.weight", c.head_dim);
    }
    const std::int64_t q_size = std::int64_t(c.num_heads) * c.head_dim;
    const std::int64_t kv_size = std::int64_t(c.num_kv_heads) * c.head_dim;
    layer.q = load(name + "self_attn.q_proj.weight", q_size, c.hidden_size);
    layer.k = load(name + "self_attn.k_proj.weight", kv_size, c.hidden_size);
    layer.v = load(name + "self_attn.v_proj.weight", kv_size, c.hidden_size);
    layer.o = load(name + "self_attn.o_proj.weight", c.hidden_size, q_size);
    layer.router = load(name + "mlp.gate.weight", c.num_experts, c.hidden_size);
    for (int e = 0; e < c.num_experts; ++e) {
      const std::string expert = name + "mlp.experts." + std::to_string(e) + ".";
      const int width = c.expert_intermediate_size;
      layer.experts.push_back({load(expert + "gate_proj.weight", width, c.hidden_size),
                               load(expert + "up_proj.weight", width, c.hidden_size),
                               load(expert + "down_proj.weight", c.hidden_size, width)});
    }
    layers_.push_back(std::move(layer));
  }
}

ReferenceEngine::Matrix ReferenceEngine::load(const std::string& name, std::int64_t rows,
                                              std::int64_t cols) const {
  const auto stored = checkpoint_.matrix(name, rows, cols);
  UNMASK_CHECK(stored.has_value());
  Matrix matrix{{}, rows, cols};
  for (std::int64_t row = 0; row < rows; ++row) {
    for (std::int64_t col = 0; col < cols; ++col) {
      matrix.weights.push_back(to_float(*stored, row * stored->row_stride + col));
    }
  }
  return matrix;
}

ReferenceEngine::Row ReferenceEngine::Matrix::times(const Row& x) const {
  Row y(rows);
  for (std::int64_t row = 0; row < rows; ++row) {
    const float* w = weights.data() + row * cols;
    double sum = 0;
    for (std::int64_t col = 0; col < cols; ++col) sum += w[col] * x[col];
    y[row] = sum;
  }
  return y;
}

ReferenceEngine::Row ReferenceEngine::rms_norm(const Row& x,
                                               const std::vector<float>& weight) const {
  const double squares = std::inner_product(x.begin(), x.end(), x.begin(), 0.0);
  const double scale = 1 / std::sqrt(squares / double(x.size()) + config_.rms_norm_eps);
  Row y(x.size());
  for (std::size_t i = 0; i < x.size(); ++i) y[i] = x[i] * scale * weight[i];
  return y;
}

/// Norm (if the model has one) and rotary embedding, half-split, of each head.
void ReferenceEngine::norm_and_turn_heads(Row& heads, const std::vector<float>& norm,
                                          std::int32_t position) const {
  const std::size_t head_dim = config_.head_dim;
  for (std::size_t begin = 0; begin < heads.size(); begin += head_dim) {
    Row head(heads.begin() + begin, heads.begin() + begin + head_dim);
    if (!norm.empty()) head = rms_norm(head, norm);
    for (std::size_t i = 0; i < head_dim / 2; ++i) {
      const double angle =
          position * std::pow(config_.rope_theta, -2.0 * double(i) / double(head_dim));
      const double x = head[i], y = head[i + head_dim / 2];
      heads[begin + i] = x * std::cos(angle) - y * std::sin(angle);
      heads[begin + i + head_dim / 2] = y * std::cos(angle) + x * std::sin(angle);
    }
  }
}

Result<> ReferenceEngine::attend(const Layer& layer, const SequenceStep& step, Cache& cache,
                                 Rows& hidden) const {
  Rows queries, keys, values;
  for (const auto& [position, x] : hidden) {
    const Row normed = rms_norm(x, layer.input_norm);
    norm_and_turn_heads(queries[position] = layer.q.times(normed), layer.q_norm, position);
    norm_and_turn_heads(keys[position] = layer.k.times(normed), layer.k_norm, position);
    values[position] = layer.v.times(normed);
  }
  for (const std::int32_t position : positions_of(step.window.written)) {
    if (!keys.contains(position)) return broken("a written position is not computed");
    cache.keys[position] = keys[position];
    cache.values[position] = values[position];
  }
  for (const std::int32_t position : positions_of(step.window.visible)) {
    if (keys.contains(position)) continue;  // the fresh one counts
    if (!cache.keys.contains(position)) return broken("a visible position was never written");
    keys[position] = cache.keys[position];
    values[position] = cache.values[position];
  }
  const std::int32_t block_length = step.window.causal_block_length;
  for (auto& [position, x] : hidden) {
    std::vector<const Row*> seen_keys, seen_values;
    for (const auto& [other, key] : keys) {
      if (block_length > 0 && other / block_length > position / block_length) continue;
      seen_keys.push_back(&key);
      seen_values.push_back(&values[other]);
    }
    const Row out = layer.o.times(attention_of(queries[position], seen_keys, seen_values));
    for (std::size_t i = 0; i < x.size(); ++i) x[i] += out[i];
  }
  return {};
}

ReferenceEngine::Row ReferenceEngine::attention_of(const Row& query,
                                                   const std::vector<const Row*>& keys,
                                                   const std::vector<const Row*>& values) const {
  const int head_dim = config_.head_dim;
  Row out(query.size());
  for (int head = 0; head < config_.num_heads; ++head) {
    const int kv_head = head / (config_.num_heads / config_.num_kv_heads);
    const double* q = query.data() + std::ptrdiff_t(head) * head_dim;
    const std::ptrdiff_t offset = std::ptrdiff_t(kv_head) * head_dim;
    Row scores;
    for (const Row* key : keys) {
      const double dot = std::inner_product(q, q + head_dim, key->data() + offset, 0.0);
      scores.push_back(dot / std::sqrt(double(head_dim)));
    }
    const double highest = *std::ranges::max_element(scores);
    double sum = 0;
    for (double& score : scores) sum += score = std::exp(score - highest);
    for (std::size_t k = 0; k < keys.size(); ++k) {
      for (int i = 0; i < head_dim; ++i) {
        out[head * head_dim + i] += scores[k] / sum * (*values[k])[offset + i];
      }
    }
  }
  return out;
}

ReferenceEngine::Row ReferenceEngine::mixture(const Layer& layer, const Row& x) const {
  Row weights = layer.router.times(x);
  const double highest = *std::ranges::max_element(weights);
  double sum = 0;
  for (double& weight : weights) sum += weight = std::exp(weight - highest);
  for (double& weight : weights) weight /= sum;

  std::vector<int> order(weights.size());
  std::iota(order.begin(), order.end(), 0);
  std::ranges::stable_sort(order, [&](int a, int b) { return weights[a] > weights[b]; });
  order.resize(config_.num_experts_per_token);
  double scale = 1;
  if (config_.renormalize_topk) {
    scale = 0;
    for (const int e : order) scale += weights[e];
  }
  Row out(x.size());
  for (const int e : order) {
    const Expert& expert = layer.experts[e];
    Row inner = expert.gate.times(x);
    const Row up = expert.up.times(x);
    for (std::size_t i = 0; i < inner.size(); ++i) {
      inner[i] = inner[i] / (1 + std::exp(-inner[i])) * up[i];
    }
    const Row down = expert.down.times(inner);
    for (std::size_t i = 0; i < out.size(); ++i) out[i] += weights[e] / scale * down[i];
  }
  return out;
}

ReferenceEngine::Row ReferenceEngine::soft_row(const SequenceStep& step, const Row& hidden) const {
  Row weights = head_.times(rms_norm(hidden, final_norm_));
  const double highest = *std::ranges::max_element(weights);
  double sum = 0;
  for (double& weight : weights) sum += weight = std::exp(weight - highest);
  const auto embedding = [&](std::size_t id) {
    return embedding_.weights.data() + std::ptrdiff_t(id) * embedding_.cols;
  };
  Row row(embedding(step.mask_token), embedding(step.mask_token) + embedding_.cols);
  for (std::size_t id = 0; id < weights.size(); ++id) {
    for (std::size_t i = 0; i < row.size(); ++i) {
      row[i] += step.mix_weight * weights[id] / sum * embedding(id)[i];
    }
  }
  return row;
}

void ReferenceEngine::add_candidate(const SequenceStep& step, std::int32_t position,
                                    const Row& hidden, CandidateColumns& columns) const {
  const Row logits = head_.times(rms_norm(hidden, final_norm_));
  std::int32_t best = -1;
  double highest = -INFINITY, sum = 0;
  for (std::int32_t id = 0; id < config_.vocab_size; ++id) {
    const bool may_be_chosen =
        id < step.rules.choosable_end && !contains(step.rules.never_chosen, id);
    if (may_be_chosen && (best < 0 || logits[id] > logits[best])) best = id;
    if (!contains(step.rules.not_in_confidence, id)) highest = std::max(highest, logits[id]);
  }
  for (std::int32_t id = 0; id < config_.vocab_size; ++id) {
    if (!contains(step.rules.not_in_confidence, id)) sum += std::exp(logits[id] - highest);
  }
  const ListedTokens& listed = step.listed;
  const std::size_t row = columns.position.size();
  for (std::int32_t n = listed.offsets.empty() ? 0 : listed.offsets[row];
       !listed.offsets.empty() && n < listed.offsets[row + 1]; ++n) {
    columns.listed_logit.push_back(float(logits[std::size_t(listed.tokens[std::size_t(n)])]));
  }
  columns.position.push_back(position);
  columns.token.push_back(best);
  columns.logit.push_back(float(logits[best]));
  columns.log_sum_exp.push_back(float(highest + std::log(sum)));
}

Result<StepResult> ReferenceEngine::run(const Step& step) {
  for (const SequenceStep& part : step.sequences) {
    if (!part.guidance_inputs.empty()) return broken("guidance is for traces of other models");
  }
  StepResult result;
  result.epoch = step.epoch;
  result.seq = step.seq;
  for (const SequenceId closed : step.closed) {
    caches_.erase(closed);
    soft_rows_.erase(closed);
  }
  for (const SequenceStep& part : step.sequences) {
    const std::set<std::int32_t> computed = positions_of(part.window.computed);
    if (computed.size() != part.inputs.size()) return broken("not one input per computed row");
    Rows hidden;
    auto input = part.inputs.begin();
    for (const std::int32_t position : computed) {
      if (position < 0 || position >= part.num_positions) return broken("a row off the canvas");
      Rows& soft_rows = soft_rows_[part.sequence];
      if (*input == kSoftRow) {
        if (!soft_rows.contains(position)) return broken("a soft row was never made");
        hidden[position] = soft_rows[position];
        ++input;
        continue;
      }
      if (*input < 0 || *input >= config_.vocab_size) return broken("an input is no token");
      const float* row = embedding_.weights.data() + std::ptrdiff_t(*input++) * embedding_.cols;
      hidden[position].assign(row, row + embedding_.cols);
    }
    auto& caches = caches_[part.sequence];
    caches.resize(layers_.size());
    for (std::size_t l = 0; l < layers_.size(); ++l) {
      const auto attended = attend(layers_[l], part, caches[l], hidden);
      if (!attended) return attended.error();
      for (auto& [position, x] : hidden) {
        const Row out = mixture(layers_[l], rms_norm(x, layers_[l].post_attention_norm));
        for (std::size_t i = 0; i < x.size(); ++i) x[i] += out[i];
      }
    }
    SequenceResult answer{part.sequence, part.iteration, {}, {}};
    for (const std::int32_t position : positions_of(part.window.decoded)) {
      if (!hidden.contains(position)) return broken("a decoded position is not computed");
      add_candidate(part, position, hidden[position], answer.candidates);
    }
    for (const std::int32_t position : positions_of(part.window.mixed)) {
      if (!hidden.contains(position)) return broken("a mixed position is not computed");
      soft_rows_[part.sequence][position] = soft_row(part, hidden[position]);
    }
    result.sequences.push_back(std::move(answer));
  }
  return result;
}

}  // namespace unmask::golden
