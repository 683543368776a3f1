#include "actors/coordinator/running_job.h"

#include <algorithm>

#include "model/diffusion/job_params.h"

namespace unmask::actors {

void RunningJob::add_gateway(PeerId gateway) {
  std::erase(gateways, gateway);
  if (gateways.size() == kMaxGateways) gateways.erase(gateways.begin());
  gateways.push_back(gateway);
  orphaned_at.reset();
}

std::vector<std::int32_t> RunningJob::answer() const {
  if (is_complete()) return loop.generated_tokens();
  return answer_in(loop, {0, unstored_from.value_or(loop.state().block.begin)});
}

Result<diffusion::DiffusionParams> params_of(const Admit& admit) {
  return diffusion::parse_job_params(admit.parameters);
}

namespace {

/// The special tokens that the job counts with. The workers are told of no other.
Result<diffusion::Vocabulary> vocabulary_of(const diffusion::DiffusionParams& params,
                                            const JobModel& model) {
  diffusion::Vocabulary vocabulary = model.vocabulary;
  if (params.mask_id >= 0) vocabulary.mask_id = params.mask_id;
  if (params.eos_id >= 0) vocabulary.eos_id = params.eos_id;
  const struct {
    const char* name;
    std::int32_t id;
  } tokens[] = {
      {"mask_id", vocabulary.mask_id}, {"eos_id", vocabulary.eos_id}, {"eot_id", params.eot_id}};
  for (const auto& [name, id] : tokens) {
    if (id < model.vocab_size) continue;
    return Error{ErrorCode::kInvalidArgument, std::string(name) + " is " + std::to_string(id) +
                                                  ", the vocabulary has " +
                                                  std::to_string(model.vocab_size) + " tokens"};
  }
  if (vocabulary.mask_id < 0) {
    return Error{ErrorCode::kInvalidArgument,
                 "the model does not say which token is its mask; give --mask-id"};
  }
  if (vocabulary.mask_id == vocabulary.eos_id) {
    return Error{ErrorCode::kInvalidArgument,
                 "mask_id and eos_id are both " + std::to_string(vocabulary.mask_id) +
                     ": a hole could not be told from the end of text"};
  }
  const bool needs_eos = params.logits_eos_inf || params.confidence_eos_eot_inf;
  if (needs_eos && vocabulary.eos_id < 0) {
    const char* const name = params.logits_eos_inf ? "logits_eos_inf" : "confidence_eos_eot_inf";
    return Error{ErrorCode::kInvalidArgument,
                 std::string(name) +
                     " is about the end of text, and the model does not say which token that is; "
                     "give --eos-id"};
  }
  return vocabulary;
}

/// What the loop cannot know of rules: which tokens there are.
std::optional<Error> rules_error(const diffusion::HoleRules& rules, const JobModel& model) {
  const auto is_token = [&](std::int32_t id) {
    return id >= diffusion::kEndOfRun && id < model.vocab_size;
  };
  bool has_all = std::ranges::all_of(rules.never_chosen, is_token);
  for (const diffusion::ChoiceRule& rule : rules.choices) {
    has_all = has_all && std::ranges::all_of(rule.choices, is_token);
  }
  if (has_all) return std::nullopt;
  return Error{ErrorCode::kInvalidArgument,
               "the rules for the holes name a token that is not in the vocabulary of " +
                   std::to_string(model.vocab_size)};
}

}  // namespace

RunningJob* find_running(std::map<JobId, RunningJob>& jobs, JobId id, SequenceId sequence) {
  const auto found = jobs.find(id);
  const bool is_running = found != jobs.end() && found->second.sequence == sequence &&
                          found->second.stage == RunningJob::Stage::kOpen;
  return is_running ? &found->second : nullptr;
}

Result<diffusion::DiffusionLoop> make_loop(const TokenInput& input,
                                           const diffusion::DiffusionParams& params,
                                           const JobModel& model) {
  const Result<diffusion::Vocabulary> vocabulary = vocabulary_of(params, model);
  if (!vocabulary) return vocabulary.error();
  for (std::size_t i = 0; i < input.tokens.size(); ++i) {
    if (input.tokens[i] >= 0 && input.tokens[i] < model.vocab_size) continue;
    return Error{ErrorCode::kInvalidArgument, "token " + std::to_string(i) + " of the prompt is " +
                                                  std::to_string(input.tokens[i]) +
                                                  ", the vocabulary has " +
                                                  std::to_string(model.vocab_size)};
  }
  if (const auto error = rules_error(input.rules, model)) return *error;
  const std::int64_t length = diffusion::num_positions(
      params, std::int64_t(input.tokens.size()) +
                  (input.holes.empty() ? std::int64_t(params.gen_length) : 0));
  if (length > model.max_positions) {
    return Error{ErrorCode::kTooLong,
                 "prompt (" + std::to_string(input.tokens.size()) +
                     " tokens) and gen_length make " + std::to_string(length) +
                     " positions, the model has " + std::to_string(model.max_positions) +
                     "; shorten the prompt or lower --gen-length (max_tokens)"};
  }
  if (input.holes.empty() && !input.rules.empty()) {
    return Error{ErrorCode::kInvalidArgument, "there are rules for holes, and no holes"};
  }
  if (input.holes.empty()) {
    return diffusion::DiffusionLoop::create(
        params, *vocabulary,
        diffusion::Canvas::of_prompt(input.tokens, params.gen_length, vocabulary->mask_id));
  }
  Result<diffusion::Canvas> canvas =
      diffusion::Canvas::with_holes(input.tokens, input.holes, vocabulary->mask_id);
  if (!canvas) return canvas.error();
  return diffusion::DiffusionLoop::create(params, *vocabulary, std::move(*canvas), input.rules);
}

Ranges places_in(const diffusion::DiffusionLoop& loop, Range positions) {
  const diffusion::Canvas& canvas = loop.canvas();
  Ranges places;
  for (const Range part :
       diffusion::answer_ranges(canvas, loop.vocabulary().eos_id, loop.answer_end())) {
    const Range inside = diffusion::overlap(part, positions);
    for (std::int32_t p = inside.begin; p < inside.end; ++p) {
      if (canvas.is_hole(p)) continue;
      if (places.empty() || places.back().end != p) places.push_back({p, p});
      ++places.back().end;
    }
  }
  return places;
}

std::vector<std::int32_t> answer_in(const diffusion::DiffusionLoop& loop, Range positions) {
  const diffusion::Canvas& canvas = loop.canvas();
  std::vector<std::int32_t> tokens;
  for (const Range part : places_in(loop, positions)) {
    tokens.insert(tokens.end(), canvas.tokens().begin() + part.begin,
                  canvas.tokens().begin() + part.end);
  }
  return tokens;
}

std::int32_t num_blocks(const diffusion::DiffusionLoop& loop) {
  const diffusion::BlockGrid& grid = loop.state().grid;
  const std::int32_t end = loop.canvas().generated().back().end;
  return (end - grid.origin + grid.length - 1) / grid.length;
}

}  // namespace unmask::actors
