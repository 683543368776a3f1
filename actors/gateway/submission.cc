#include "actors/gateway/submission.h"

#include "model/diffusion/job_params.h"

namespace unmask::actors {
namespace {

constexpr std::size_t kMaxStops = 16;
constexpr std::size_t kMaxStopBytes = 128;

}  // namespace

std::optional<Error> submission_error(const Submit& submit, const std::string& model) {
  if (!submit.model.empty() && submit.model != model) {
    return Error{ErrorCode::kNotFound,
                 "model '" + submit.model + "' is not served here; '" + model + "' is"};
  }
  if (submit.stop.size() > kMaxStops) {
    return Error{ErrorCode::kInvalidArgument,
                 "more than " + std::to_string(kMaxStops) + " stop strings"};
  }
  for (const std::string& stop : submit.stop) {
    if (!stop.empty() && stop.size() <= kMaxStopBytes) continue;
    return Error{ErrorCode::kInvalidArgument, "a stop string has 1 to " +
                                                  std::to_string(kMaxStopBytes) + " bytes, not " +
                                                  std::to_string(stop.size())};
  }
  if (std::holds_alternative<TemplateInput>(submit.input) && !submit.stop.empty()) {
    return Error{ErrorCode::kInvalidArgument,
                 "stop strings end an answer, and a template has its own end; leave them out"};
  }
  const auto* text = std::get_if<TextInput>(&submit.input);
  if (text != nullptr && text->special_tokens && !text->raw) {
    return Error{
        ErrorCode::kInvalidArgument,
        "special tokens in a prompt are for raw prompts: the chat template writes its own"};
  }
  if (submit.priority < -kMaxPriority || submit.priority > kMaxPriority) {
    return Error{ErrorCode::kInvalidArgument, "the priority is " + std::to_string(submit.priority) +
                                                  ", but must be " + std::to_string(-kMaxPriority) +
                                                  " to " + std::to_string(kMaxPriority)};
  }
  // Before the text is tokenized, which costs more.
  if (const auto params = diffusion::parse_job_params(submit.parameters); !params) {
    return params.error();
  }
  return std::nullopt;
}

}  // namespace unmask::actors
