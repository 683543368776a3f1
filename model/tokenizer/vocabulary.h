#pragma once

#include "model/checkpoint/model_config.h"
#include "model/diffusion/loop.h"
#include "model/tokenizer/tokenizer.h"

namespace unmask::tokenizer {

/// What the diffusion loop has to know of a checkpoint's tokens: config.json's word counts, else
/// the tokenizer's. The mask id is -1 if neither knows it: then a job must say it.
///
/// tokenizer: null if the checkpoint has none.
diffusion::Vocabulary vocabulary_of(const checkpoint::ModelConfig& config,
                                    const Tokenizer* tokenizer);

}  // namespace unmask::tokenizer
