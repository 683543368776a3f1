#pragma once

#include <string>
#include <string_view>

#include "model/checkpoint/model_config.h"
#include "runtime/base/result.h"

namespace unmask::checkpoint {

/// Takes from the generation_config.json in `text` the ids of tokens that config.json does not say;
/// where both say one, config.json counts. What is not used is in the warnings of `config`: how to
/// generate is a job's to say.
///
/// Errors  kInvalidArgument naming `file` and the key
Result<> add_generation_config(std::string_view text, const std::string& file, ModelConfig& config);

}  // namespace unmask::checkpoint
