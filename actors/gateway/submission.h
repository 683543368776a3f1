#pragma once

#include <optional>
#include <string>

#include "actors/messages.h"

namespace unmask::actors {

/// What no cluster that serves `model` would take, whatever it does at the time, or nothing. The
/// text is judged by the tokenizer.
///
/// Errors  kNotFound: another model; kInvalidArgument: stop strings, parameters
[[nodiscard]] std::optional<Error> submission_error(const Submit& submit, const std::string& model);

}  // namespace unmask::actors
