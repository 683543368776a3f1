/// Every operation a model may ask of a device. One page: the whole vocabulary of the forward pass.

#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>

#include "kernels/shares.h"
#include "kernels/stream.h"
#include "kernels/tensor.h"

namespace unmask::kernels {

/// Device memory; freed with the object. Aligned to at least 64 bytes, zeroed.
class Buffer {
 public:
  virtual ~Buffer() = default;
  [[nodiscard]] virtual void* data() const = 0;
  [[nodiscard]] virtual std::size_t size() const = 0;  ///< bytes
};

/// Weights in the backend's own layout; made once, at load.
class PackedMatrix {
 public:
  virtual ~PackedMatrix() = default;
  [[nodiscard]] virtual int rows() const = 0;  ///< output features
  [[nodiscard]] virtual int cols() const = 0;  ///< input features
  [[nodiscard]] virtual std::size_t bytes() const = 0;
};
class PackedExperts {
 public:
  virtual ~PackedExperts() = default;
  [[nodiscard]] virtual std::size_t bytes() const = 0;
};

/// One SwiGLU expert as a checkpoint holds it: gate, up [width, hidden]; down [hidden, width].
struct ExpertMatrices {
  HostMatrix gate, up, down;
};

/// K and V of one layer: [num_slots, num_kv_heads * head_dim] each. Which slot holds which position
/// of which sequence is the cache's business (model/cache).
struct KvLayer {
  Tensor keys, values;
};

struct HeadShape {
  int num_heads = 0;     ///< query heads held here, may be 0
  int num_kv_heads = 0;  ///< KV heads held here
  int head_dim = 0;
};

/// Rotary embedding of the first `rotary_dim` dimensions of a head, half-split; tables are
/// [max_positions, rotary_dim / 2] f32.
struct Rope {
  const float* cos = nullptr;
  const float* sin = nullptr;
  int rotary_dim = 0;
};

/// Consecutive KV slots: the keys of a sequence are its runs, one after another.
struct KvRun {
  std::int32_t first_slot = 0;
  std::int32_t num_slots = 0;
};

/// Which keys every row sees: a ragged batch. All pointers are device memory.
///
/// Sequence s owns rows [row_offsets[s], row_offsets[s + 1]) and runs [run_offsets[s],
/// run_offsets[s + 1]). Row i sees the first key_limit[i] keys of its sequence's runs (all of them
/// for full attention; fewer when attention is block-causal).
struct AttentionPlan {
  int num_sequences = 0;
  const std::int32_t* row_offsets = nullptr;  // [num_sequences + 1]
  const std::int32_t* run_offsets = nullptr;  // [num_sequences + 1]
  const KvRun* runs = nullptr;
  const std::int32_t* kv_head_of_head = nullptr;  // [num_heads], index into the local KV heads
  const std::int32_t* key_limit = nullptr;        // [num_rows]
};

struct Routing {
  enum class Score : std::uint8_t { kSoftmax, kSigmoid };

  int top_k = 0;
  Score score = Score::kSoftmax;
  bool renormalize = false;
  float scaling = 1.0f;
  const float* expert_bias = nullptr;  ///< [num_experts], for the choice only; null = none
  int num_groups = 1;                  ///< grouped choice: keep `top_groups` of `num_groups`
  int top_groups = 1;
};

/// What may be chosen and what counts, for one sequence.
struct LogitRules {
  const std::int32_t* never_chosen = nullptr;  ///< ids that cannot be a candidate, ascending
  int num_never_chosen = 0;
  const std::int32_t* not_in_confidence = nullptr;  ///< ids left out of log-sum-exp, ascending
  int num_not_in_confidence = 0;
  std::int32_t choosable_end = INT32_MAX;  ///< ids from here on cannot be a candidate
};

/// What the vocabulary says of one row; of a part of the vocabulary, until merged.
///
/// log-sum-exp = max + ln(sum_exp). The lowest id wins a tie. A part where nothing may be chosen
/// has token -1 and logit -inf.
struct CandidateStats {
  float max = 0;        ///< largest logit that counts for the confidence
  float sum_exp = 0;    ///< sum of exp(logit - max) over the ids that count
  float sum_x_exp = 0;  ///< sum of (logit - max) * exp(logit - max): gives the entropy
  std::int32_t token = -1;
  float logit = 0;  ///< of `token`
  std::int32_t runner_up = -1;
  float runner_up_logit = 0;
};

/// One device and one queue of work on it.
///
/// All pointers in arguments are to this backend's memory unless they say host. Calls enqueue and
/// return; results are ready after synchronize(). Shapes are checked with UNMASK_CHECK; a device
/// fault throws DeviceError.
///
/// Numeric contract: each output row is summed in an order that depends on nothing but the shapes
/// of the weights and the number of keys the row sees; never on other rows, on their number or on
/// the number of threads. Sums over `ShareOffsets` are a balanced tree over the shares: with 2^j
/// workers each holding 8 / 2^j shares, tree_add over the workers gives the bytes of one worker.
///
/// Dtypes: activations f32 or bf16 (CPU: f32 only), weights f32 or bf16, sums f32.
class Backend {
 public:
  virtual ~Backend() = default;

  [[nodiscard]] virtual Stream stream() const = 0;
  virtual void synchronize() = 0;

  [[nodiscard]] virtual std::unique_ptr<Buffer> allocate(std::size_t bytes) = 0;
  virtual void upload(void* device, const void* host, std::size_t bytes) = 0;
  virtual void download(void* host, const void* device, std::size_t bytes) = 0;

  /// Stacks `parts` by rows and packs them as `dtype`; `col_shares` splits the input features.
  [[nodiscard]] virtual std::unique_ptr<PackedMatrix> pack_matrix(std::span<const HostMatrix> parts,
                                                                  DType dtype,
                                                                  ShareOffsets col_shares) = 0;
  /// experts: those held here, ascending; `shares` splits their list. May be empty.
  [[nodiscard]] virtual std::unique_ptr<PackedExperts> pack_experts(
      std::span<const ExpertMatrices> experts, DType dtype, ShareOffsets shares) = 0;

  /// out[i] = table[tokens[i]], or soft_rows[-1 - tokens[i]] where tokens[i] < 0.
  ///
  /// Shapes  table [vocab_size, hidden] (unpacked, f32 or bf16); soft_rows [any, hidden] f32; out
  ///         [n, hidden]
  virtual void embed(Tensor table, const std::int32_t* tokens, Tensor soft_rows, Tensor out) = 0;

  /// out[i, j] = x[i, j] / sqrt(mean_j(x[i, j]^2) + eps) * weight[j];  weight f32 [cols]
  virtual void rms_norm(Tensor x, const float* weight, float eps, Tensor out) = 0;

  /// out = x * weight^T, a tree over weight's column shares.
  ///
  /// Shapes  x [n, cols of weight]; out [n, rows of weight]
  virtual void linear(Tensor x, const PackedMatrix& weight, Tensor out) = 0;

  /// Normalises each head of q and k (unless the weights are null), rotates them by their position
  /// and writes k and v to the row's slot. q stays in `qkv`.
  ///
  /// Shapes  qkv [n, (num_heads + 2 * num_kv_heads) * head_dim], q then k then v;
  ///         positions, slots [n]; q_norm, k_norm f32 [head_dim]
  virtual void qk_norm_rope_kv_write(Tensor qkv, HeadShape heads, const float* q_norm,
                                     const float* k_norm, float eps, Rope rope,
                                     const std::int32_t* positions, const std::int32_t* slots,
                                     KvLayer kv) = 0;

  /// softmax(q k^T / sqrt(head_dim)) v over the keys that the plan shows each row. A row that sees
  /// no key gives zeros.
  ///
  /// Shapes  qkv as above; out [n, num_heads * head_dim]
  virtual void attention(Tensor qkv, HeadShape heads, KvLayer kv, const AttentionPlan& plan,
                         Tensor out) = 0;

  /// The top_k experts of each row and their weights, by falling score (with the bias, if there is
  /// one), lowest id first on a tie.
  ///
  /// Shapes  x [n, hidden]; router f32 [num_experts, hidden]; expert_ids, expert_weights [n, top_k]
  virtual void route_topk(Tensor x, const float* router, int num_experts, const Routing& routing,
                          std::int32_t* expert_ids, float* expert_weights) = 0;

  /// out[i] = sum over the chosen experts held here of weight * down(silu(gate x) * up x): within a
  /// share in the order of the choice, the shares by tree. Rows that chose none here give zeros.
  ///
  /// first_expert: id of the first expert held. Shapes  x, out [n, hidden]; ids, weights [n, top_k]
  virtual void experts(Tensor x, const PackedExperts& experts, int first_expert, int top_k,
                       const std::int32_t* expert_ids, const float* expert_weights, Tensor out) = 0;

  /// x += tree sum of parts[0 .. num_parts): the workers' shares of one sum.
  ///
  /// Shapes  x [n, cols]; parts [num_parts, n, cols], same dtype; num_parts a power of two
  virtual void tree_add(Tensor x, const void* parts, int num_parts) = 0;

  /// Candidates of every row from the part of the vocabulary held here; no logits in memory.
  ///
  /// vocab_shares splits head's rows; first_token is the id of its first row. rules_of_row[i]
  /// indexes `rules` (host array of rules whose ids are device memory). present [n]: a token per
  /// row whose logit is wanted, -1 = none; listed_*: CSR of further ids per row. Both give -inf for
  /// ids that are not held here; null = not wanted.
  /// Shapes  x [n, hidden]; out [n]; present_logits [n]; listed_logits [listed_offsets[n]]
  struct CandidateQuery {
    std::span<const LogitRules> rules;
    const std::int32_t* rules_of_row = nullptr;
    const std::int32_t* present = nullptr;
    float* present_logits = nullptr;
    const std::int32_t* listed_offsets = nullptr;
    const std::int32_t* listed_tokens = nullptr;
    float* listed_logits = nullptr;
  };
  virtual void lm_head_candidates(Tensor x, const PackedMatrix& head, ShareOffsets vocab_shares,
                                  std::int32_t first_token, const CandidateQuery& query,
                                  CandidateStats* out) = 0;

  /// out[i] = tree merge of parts[0 .. num_parts)[i].  Shapes  parts [num_parts, n]; out [n]
  virtual void merge_candidates(const CandidateStats* parts, int num_parts, int num_rows,
                                CandidateStats* out) = 0;

  /// Soft inputs of iteration smoothing: probabilities are recomputed tile by tile.
  ///
  ///   out[i] = sum_v exp(logit[i, v] - log_sum_exp[i]) * table[v]    over the ids held here
  ///
  /// Shapes  x [n, hidden]; table [rows of head, hidden]; log_sum_exp f32 [n]; out [n, hidden] f32
  virtual void mix_embeddings(Tensor x, const PackedMatrix& head, Tensor table,
                              ShareOffsets vocab_shares, const float* log_sum_exp, Tensor out) = 0;
};

}  // namespace unmask::kernels
