/// What a tokenizer.json puts around a text. Only sources include this.

#pragma once

#include <string>

#include "model/tokenizer/tokenizer_file.h"
#include "model/tokenizer/tokenizer_json.h"
#include "model/tokenizer/vocab_reader.h"

namespace unmask::tokenizer {

/// The tokens of a post_processor's template for one text.
///
/// Errors  kInvalidArgument naming `file`: a processor that is not supported, an unknown token
Result<TokenAffixes> read_post_processor(const boost::json::value& processor,
                                         const VocabReader& vocab, const std::string& file);

}  // namespace unmask::tokenizer
