#include "model/tokenizer/vocabulary.h"

#include <optional>

namespace unmask::tokenizer {

diffusion::Vocabulary vocabulary_of(const checkpoint::ModelConfig& config,
                                    const Tokenizer* tokenizer) {
  const auto either = [](std::optional<std::int32_t> first, std::optional<std::int32_t> second) {
    return first ? *first : second.value_or(-1);
  };
  if (tokenizer == nullptr) return {either(config.mask_id, {}), either(config.eos_id, {})};
  return {either(config.mask_id, tokenizer->mask_id()), either(config.eos_id, tokenizer->eos_id()),
          tokenizer->size()};
}

}  // namespace unmask::tokenizer
