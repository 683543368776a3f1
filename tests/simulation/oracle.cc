#include "tests/simulation/oracle.h"

#include <map>
#include <memory>

#include "runtime/base/check.h"
#include "tests/simulation/hash_model.h"

namespace unmask::simulation {

ForwardAlone hash_alone() {
  auto cache = std::make_shared<std::map<std::int32_t, std::int32_t>>();
  auto soft = std::make_shared<std::map<std::int32_t, std::int32_t>>();
  return [cache, soft](const SequenceStep& step) {
    std::map<std::int32_t, std::int32_t> fresh;
    auto input = step.inputs.begin();
    for (const Range range : step.window.computed) {
      for (std::int32_t p = range.begin; p < range.end; ++p, ++input) {
        fresh[p] = *input == kSoftRow ? soft->at(p) : *input;
      }
    }
    for (const Range range : step.window.written) {
      for (std::int32_t p = range.begin; p < range.end; ++p) (*cache)[p] = fresh.at(p);
    }
    HashModel model;
    for (const std::int32_t token : step.guidance_inputs) model.see(-1, token);
    for (const std::int32_t p : seen_positions(step.window)) {
      model.see(p, fresh.contains(p) ? fresh.at(p) : cache->at(p));
    }
    for (const Range range : step.window.mixed) {
      for (std::int32_t p = range.begin; p < range.end; ++p) {
        (*soft)[p] = model.soft_row(p, step.mix_weight);
      }
    }
    return guesses(model, step);
  };
}

ExpectedAnswer expect_answer(const JobPlan& job, const actors::JobModel& model,
                             const ForwardAlone& forward) {
  actors::Admit admit;
  admit.parameters = job.parameters;
  const auto params = params_of(admit);
  UNMASK_CHECK(params.has_value());
  auto loop = make_loop(job.input, *params, model);
  UNMASK_CHECK(loop.has_value());

  ExpectedAnswer expected;
  while (const std::optional<SequenceStep> step = loop->next()) {
    const auto applied = loop->apply(forward(*step));
    UNMASK_CHECK(applied.has_value());
    if (applied->finished_block) {
      expected.blocks.push_back(actors::answer_in(*loop, applied->finished_block->positions));
    }
    if (applied->ending == diffusion::Ending::kStop) expected.reason = actors::FinishReason::kStop;
  }
  expected.tokens = loop->generated_tokens();
  expected.forwards = loop->figures().forwards;
  return expected;
}

}  // namespace unmask::simulation
