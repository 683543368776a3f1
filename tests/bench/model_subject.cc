#include "tests/bench/model_subject.h"

#include <utility>

#include "runtime/base/check.h"

namespace unmask::bench {

Result<std::unique_ptr<ModelSubject>> ModelSubject::load(const std::filesystem::path& model,
                                                         kernels::Backend& backend,
                                                         kernels::DType dtype) {
  const Result<checkpoint::Checkpoint> checkpoint = checkpoint::Checkpoint::open(model);
  if (!checkpoint) return checkpoint.error();
  network::EngineOptions options;
  options.dtype = dtype;
  options.max_rows = kNumKeys;
  options.num_kv_pages = cache::pages_needed(kNumKeys);
  auto engine = network::Engine::create(*checkpoint, backend, options);
  if (!engine) return engine.error();
  if ((*engine)->limits().max_positions < kNumKeys) {
    return Error{ErrorCode::kInvalidArgument,
                 model.string() + " has no canvas of " + std::to_string(kNumKeys) + " positions"};
  }
  return std::unique_ptr<ModelSubject>(
      new ModelSubject(model.filename().string(), std::move(*engine)));
}

ModelSubject::ModelSubject(std::string name, std::unique_ptr<network::Engine> engine)
    : name_(std::move(name)), engine_(std::move(engine)) {
  run(step_of({0, kNumKeys}, true));
}

std::string ModelSubject::name() const { return name_ + ", " + std::to_string(kNumKeys) + " keys"; }

Step ModelSubject::step_of(Range computed, bool is_first) const {
  const Range canvas{0, kNumKeys};
  SequenceStep sequence;
  sequence.num_positions = kNumKeys;
  sequence.window.computed = {computed};
  (is_first ? sequence.window.written : sequence.window.visible) = {canvas};
  sequence.window.decoded = {computed};
  const int vocab_size = engine_->config().vocab_size;
  for (int i = computed.begin; i < computed.end; ++i) {
    sequence.inputs.push_back(i * 31 % vocab_size);  // any tokens, for the router to tell apart
  }
  Step step;
  step.sequences.push_back(std::move(sequence));
  return step;
}

void ModelSubject::prepare(int num_rows) {
  step_ = step_of({kNumKeys - num_rows, kNumKeys}, false);
}

void ModelSubject::run(const Step& step) {
  const Result<StepResult> result = engine_->run(step);
  UNMASK_CHECK(result);
}

}  // namespace unmask::bench
