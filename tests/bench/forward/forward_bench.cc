#include "tests/bench/forward/forward_bench.h"

#include <algorithm>
#include <iostream>
#include <map>
#include <memory>
#include <utility>

#include "model/network/engine.h"
#include "runtime/actor/clock.h"
#include "runtime/base/check.h"
#include "tests/bench/forward/random_checkpoint.h"
#include "tests/bench/measured_backend.h"

namespace unmask::bench {
namespace {

constexpr int kFirstRuns = 2;  // of a shape of steps: the second is recorded
constexpr int kMinRuns = 5;

/// Forwards of one model, one canvas after the other.
class ForwardBench {
 public:
  ForwardBench(const ForwardShape& shape, const Options& options, Device& device,
               MeasuredBackend& backend, std::unique_ptr<network::Engine> engine)
      : shape_(shape),
        options_(options),
        device_(device),
        backend_(backend),
        engine_(std::move(engine)) {}

  std::vector<ForwardRun> run() {
    for (const int num_keys : shape_.keys) {
      ++sequence_;
      backend_.pass([&] { step(step_of(num_keys, num_keys, true)); });
      for (const int num_rows : shape_.rows) runs_.push_back(measure(num_keys, num_rows));
    }
    return std::move(runs_);
  }

 private:
  [[nodiscard]] Step step_of(int num_keys, int num_rows, bool is_first) const {
    const Range canvas{0, num_keys}, computed{num_keys - num_rows, num_keys};
    SequenceStep sequence;
    sequence.sequence = sequence_;
    sequence.num_positions = num_keys;
    sequence.window.computed = {computed};
    if (is_first) {
      sequence.window.written = {canvas};
    } else {
      sequence.window.visible = {canvas};
      sequence.window.decoded = {computed};
    }
    for (int i = computed.begin; i < computed.end; ++i) {
      sequence.inputs.push_back(i * 31 % engine_->config().vocab_size);
    }
    Step step;
    step.sequences.push_back(std::move(sequence));
    if (is_first && sequence_ > 1) step.closed = {SequenceId(sequence_ - 1)};
    return step;
  }

  void step(const Step& step) {
    const Result<StepResult> result = engine_->run(step);
    UNMASK_CHECK(result);
  }

  /// Of weights: told by the first forward of so many rows, which runs operation by operation.
  double weight_bytes(const Step& first, int num_rows) {
    const auto known = weight_bytes_.find(num_rows);
    if (known != weight_bytes_.end()) return known->second;
    const ForwardCost cost = backend_.measure([&] { step(first); });
    return weight_bytes_[num_rows] = cost.total.bytes - cost[Part::kAttention].bytes;
  }

  [[nodiscard]] double key_bytes(int num_keys) const {
    const checkpoint::ModelConfig& config = engine_->config();
    const std::size_t size = options_.is_on_gpu ? 2 : sizeof(float);
    return 2.0 * num_keys * config.num_kv_heads * config.head_dim * config.num_layers *
           double(size);
  }

  ForwardRun measure(int num_keys, int num_rows) {
    std::cerr << shape_.name << ", " << num_keys << " keys, " << num_rows << " rows\n";
    const Step repeated = step_of(num_keys, num_rows, false);
    ForwardRun run{.model = shape_.name,
                   .weights = "bf16",
                   .numerics = options_.is_fast ? "fast" : "exact",
                   .num_keys = num_keys,
                   .num_rows = num_rows,
                   .bytes = weight_bytes(repeated, num_rows) + key_bytes(num_keys)};
    const Stopwatch stopwatch = device_.stopwatch();
    backend_.pass([&] {
      for (int i = 0; i < kFirstRuns; ++i) step(repeated);
      const Time end = clock_.now() + options_.time_per_cell();
      for (; run.num_runs < kMinRuns || clock_.now() < end; ++run.num_runs) {
        if (run.num_runs % kMinRuns == 0) {
          run.gbytes = std::max(run.gbytes, device_.measure_peaks().gbytes);
        }
        const double begin = stopwatch.seconds();
        step(repeated);
        const double seconds = stopwatch.seconds() - begin;
        run.seconds = run.num_runs == 0 ? seconds : std::min(run.seconds, seconds);
      }
    });
    return run;
  }

  const ForwardShape& shape_;
  const Options& options_;
  const SteadyClock clock_;
  Device& device_;
  MeasuredBackend& backend_;
  const std::unique_ptr<network::Engine> engine_;
  SequenceId sequence_ = 0;
  std::map<int, double> weight_bytes_;  // by rows
  std::vector<ForwardRun> runs_;
};

}  // namespace

Result<std::vector<ForwardRun>> measure_forwards(const ForwardShape& shape, const Options& options,
                                                 Device& device) {
  std::cerr << shape.name << ": random weights\n";
  const Result<RandomCheckpoint> written = RandomCheckpoint::write(shape.config_json);
  if (!written) return written.error();
  const auto checkpoint = checkpoint::Checkpoint::open(written->path());
  if (!checkpoint) return checkpoint.error();
  MeasuredBackend backend(device.backend(), device.stopwatch());
  network::EngineOptions engine_options;
  engine_options.device = backend.kind();
  engine_options.dtype = kernels::DType::kBF16;
  engine_options.kv_dtype = options.is_on_gpu ? kernels::DType::kBF16 : kernels::DType::kF32;
  engine_options.max_rows = shape.keys.back();
  engine_options.num_kv_pages = 2 * cache::pages_needed(shape.keys.back());
  if (options.is_fast) engine_options.placement.numerics = network::Numerics::kFast;
  engine_options.on_choice =
      engine_options.on_note = [](const std::string& sentence) { std::cerr << sentence << '\n'; };
  auto engine = network::Engine::create(*checkpoint, backend, engine_options);
  if (!engine) return engine.error();
  if (const Result<> joined = (*engine)->join(nullptr); !joined) return joined.error();
  return ForwardBench(shape, options, device, backend, std::move(*engine)).run();
}

}  // namespace unmask::bench
