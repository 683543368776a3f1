#include "model/network/engine.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "model/network/candidates.h"
#include "model/network/weight_inventory.h"
#include "runtime/base/check.h"

namespace unmask::network {
namespace {

// A tool asks for few rows of a vocabulary that may be large.
constexpr int kLogitRows = 64;

std::size_t max_part_bytes(const checkpoint::ModelConfig& config, const EngineOptions& options) {
  return static_cast<std::size_t>(options.max_rows) * static_cast<std::size_t>(config.hidden_size) *
         sizeof(float);
}

/// Hands what it sees to a sink, as whole tensors.
class HiddenSender final : public ForwardObserver {
 public:
  HiddenSender(kernels::Backend& backend, Group& group, const std::function<void(TensorRows)>& sink)
      : backend_(backend), group_(group), sink_(sink) {}

  void on_hidden(int layer, kernels::Tensor hidden) override {
    UNMASK_CHECK(hidden.dtype == kernels::DType::kF32);  // as whoever reads the rows expects
    send("hidden_" + std::to_string(layer), false, hidden.data, hidden.rows, hidden.cols);
  }

  void on_routing(int layer, const std::int32_t* ids, const float* weights, int num_rows,
                  int top_k) override {
    send("router_ids_" + std::to_string(layer), true, ids, num_rows, top_k);
    send("router_weights_" + std::to_string(layer), false, weights, num_rows, top_k);
  }

 private:
  void send(std::string name, bool is_integer, const void* device, int rows, int cols) {
    if (!group_.wait()) return;  // as will the forward's next collective
    TensorRows tensor{.name = std::move(name),
                      .is_integer = is_integer,
                      .first_row = 0,
                      .num_rows = rows,
                      .num_cols = cols,
                      .data = {}};
    tensor.data.resize(static_cast<std::size_t>(rows) * static_cast<std::size_t>(cols));
    backend_.download(tensor.data.data(), device, tensor.data.size() * sizeof(std::uint32_t));
    backend_.synchronize();
    sink_(std::move(tensor));
  }

  kernels::Backend& backend_;
  Group& group_;
  const std::function<void(TensorRows)>& sink_;
};

void tell(const kernels::ProductReport& report, const EngineOptions& options) {
  const auto& listener = report.is_warning ? options.on_note : options.on_choice;
  if (!report.sentence.empty() && listener) listener(report.sentence);
}

}  // namespace

Result<std::unique_ptr<Engine>> Engine::create(const checkpoint::Checkpoint& checkpoint,
                                               kernels::Backend& backend,
                                               const EngineOptions& options) {
  const Result<MemoryPlan> memory = plan_memory(checkpoint.config(), options);
  if (!memory) return memory.error();
  backend.reserve(working_shape(checkpoint.config(), options));
  if (const auto weights = take_inventory(checkpoint); !weights) return weights.error();
  auto network = make_network(checkpoint, backend, options);
  if (!network) return network.error();
  // After the weights, which are measured with; before the pages, which may take all memory left.
  // Under exact numerics nothing is chosen, and so the backend's own kernels compute everything.
  if (options.placement.numerics == Numerics::kFast) {
    tell(backend.choose_products((*network)->weight_uses(), row_buckets(options.max_rows)),
         options);
  }
  return std::unique_ptr<Engine>(
      new Engine(checkpoint.config(), *memory, backend, options, std::move(*network)));
}

Engine::Engine(const checkpoint::ModelConfig& config, const MemoryPlan& memory,
               kernels::Backend& backend, const EngineOptions& options,
               std::unique_ptr<Network> network)
    : backend_(backend),
      config_(config),
      memory_(memory),
      limits_{.vocab_size = config.vocab_size,
              .max_positions = memory.max_positions,
              .max_rows = options.max_rows},
      now_(options.now),
      network_(std::move(network)),
      pages_(memory.num_kv_pages, options.max_rows),
      kv_(backend, options.kv_dtype, config.num_layers, pages_, network_->kv_width()),
      soft_rows_(memory.num_soft_rows),
      mixer_(backend, options.placement, config.hidden_size, options.max_rows,
             memory.num_soft_rows),
      group_(backend, options.placement, max_part_bytes(config, options), options.now),
      // A library computes all rows that there is room for, and the head's are expensive.
      batches_(backend, options.max_rows, memory.num_kv_pages,
               options.placement.numerics == Numerics::kFast),
      can_record_(backend.can_record() && options.can_record),
      recordings_(backend),
      on_note_(options.on_note) {}

Result<> Engine::join(Collective* collective) {
  pages_.close_all();
  soft_rows_.close_all();
  recordings_.clear();     // they hold the collective of before
  backend_.synchronize();  // what a step that failed had enqueued reads memory of the next one
  return group_.join(collective);
}

Result<StepResult> Engine::run(const Step& step) {
  const auto start = now_ ? now_() : std::chrono::steady_clock::time_point();
  Refusals refusals = check_step(step, limits_);
  pages_.check(step, refusals);
  soft_rows_.check(step, refusals);
  for (const SequenceId sequence : step.closed) {
    pages_.close(sequence);
    soft_rows_.close(sequence);
  }

  const bool has_refused = std::ranges::any_of(refusals, &std::optional<Error>::has_value);
  const Step remaining = has_refused ? without_refused(step, refusals) : Step{};
  const Step& sane = has_refused ? remaining : step;
  DecodedRows decoded;
  if (!sane.sequences.empty()) {
    Batch batch = batches_.build(sane, pages_, soft_rows_, can_record_);
    batch.soft_rows = mixer_.rows();
    Result<DecodedRows> rows = forward(batch);
    if (!rows) return rows.error();
    decoded = std::move(*rows);
  }

  StepResult result;
  result.epoch = step.epoch;
  result.seq = step.seq;
  result.sequences = with_refused(step, make_results(sane, decoded), refusals);
  result.digest = digest_of(result.sequences);
  result.collective_time = group_.take_time();
  if (now_) {
    const auto time = std::chrono::duration_cast<std::chrono::microseconds>(now_() - start);
    result.device_time = time - result.collective_time;
  }
  return result;
}

Result<> Engine::record(const Recordings::Key& key, const std::function<Result<>()>& enqueue) {
  const bool had_failed = !recordings_.failure().empty();
  Result<> done = recordings_.run(key, !group_.is_alone(), enqueue);
  if (!had_failed && !recordings_.failure().empty() && on_note_) {
    on_note_("forwards are not recorded, and take longer: " + recordings_.failure());
  }
  return done;
}

Result<DecodedRows> Engine::forward(const Batch& batch) {
  LmHead& head = network_->head();
  const Result<bool> has_moved = head.make_room(batch, group_);
  if (!has_moved) return has_moved.error();
  if (batch.has_moved || *has_moved) recordings_.clear();
  const auto enqueue = [&]() -> Result<> {
    const Result<kernels::Tensor> hidden = network_->forward(batch, kv_, group_, nullptr);
    if (!hidden) return hidden.error();
    if (batch.num_decoded > 0) {
      if (const Result<> done = head.decode(*hidden, batch, group_); !done) return done;
    }
    return batch.num_mixed > 0 ? mixer_.mix(*hidden, batch, *network_, group_) : Result<>();
  };
  const Recordings::Key key{batch.room, batch.present != nullptr, batch.num_mixed > 0,
                            batch.num_guidance > 0, batch.decoded_positions != nullptr};
  Result<> done = can_record_ ? record(key, enqueue) : enqueue();
  if (done) done = group_.wait();
  if (!done) return done.error();
  return head.decoded(batch);
}

Result<> Engine::inspect(std::span<const std::int32_t> tokens, std::int32_t causal_block_length,
                         bool wants_hidden, const std::function<void(TensorRows)>& sink) {
  SequenceStep sequence;
  sequence.num_positions =
      static_cast<std::int32_t>(std::min<std::size_t>(tokens.size(), INT32_MAX));
  sequence.window.computed = {{0, sequence.num_positions}};
  sequence.window.causal_block_length = causal_block_length;
  sequence.inputs.assign(tokens.begin(), tokens.end());
  Step step;
  step.sequences.push_back(std::move(sequence));
  const Refusals refusals = check_step(step, limits_);
  if (refusals.front()) return *refusals.front();

  // Nothing is written, so pages are neither needed nor touched.
  const Batch batch = batches_.build(step, pages_, soft_rows_, false);
  HiddenSender sender(backend_, group_, sink);
  const auto hidden = network_->forward(batch, kv_, group_, wants_hidden ? &sender : nullptr);
  if (!hidden) return hidden.error();
  return send_logits(*hidden, sink);
}

Result<> Engine::send_logits(kernels::Tensor hidden, const std::function<void(TensorRows)>& sink) {
  for (int row = 0; row < hidden.rows; row += kLogitRows) {
    const kernels::Tensor rows =
        kernels::rows_of(hidden, row, std::min(kLogitRows, hidden.rows - row));
    const auto logits = network_->head().logits(rows, group_);
    if (!logits) return logits.error();
    TensorRows tensor{.name = "logits",
                      .is_integer = false,
                      .first_row = row,
                      .num_rows = hidden.rows,
                      .num_cols = config_.vocab_size,
                      .data = {}};
    tensor.data.resize(logits->size());
    std::memcpy(tensor.data.data(), logits->data(), logits->size() * sizeof(float));
    sink(std::move(tensor));
  }
  return {};
}

Result<std::vector<TensorRows>> forward_full(Engine& engine, std::span<const std::int32_t> tokens,
                                             std::int32_t causal_block_length, bool wants_hidden) {
  std::vector<TensorRows> tensors;
  const Result<> done =
      engine.inspect(tokens, causal_block_length, wants_hidden, [&](TensorRows rows) {
        const auto whole = std::ranges::find(tensors, rows.name, &TensorRows::name);
        if (whole == tensors.end()) {
          tensors.push_back(std::move(rows));
        } else {
          whole->data.insert(whole->data.end(), rows.data.begin(), rows.data.end());
        }
      });
  if (!done) return done.error();
  return tensors;
}

}  // namespace unmask::network
