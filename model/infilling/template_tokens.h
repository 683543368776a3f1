#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "model/diffusion/hole_rules.h"
#include "model/infilling/template.h"
#include "model/step.h"
#include "model/tokenizer/tokenizer.h"

namespace unmask::infilling {

/// A template on a canvas: what is given is tokens, and every hole has its positions.
struct TemplateTokens {
  std::vector<std::int32_t> tokens;
  Ranges holes;  ///< in the order of the template's; none touches the next
  diffusion::HoleRules rules;
};

/// The template behind `prompt`, which is tokens already. Its text makes no special tokens.
///
/// Errors  kInvalidArgument: text that is not UTF-8; a tokenizer that cannot write what a hole asks
///         for
[[nodiscard]] Result<TemplateTokens> tokens_of(const Template& given,
                                               std::vector<std::int32_t> prompt,
                                               const tokenizer::Tokenizer& tokenizer);

}  // namespace unmask::infilling
