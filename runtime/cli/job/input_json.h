/// The inputs of a job as JSON. Only sources include this, as rpc/openai/json_text.h.

#pragma once

#include <boost/json/value.hpp>
#include <cstdint>
#include <string>
#include <vector>

#include "model/tokenizer/chat.h"
#include "runtime/base/result.h"

namespace unmask::cli {

/// [{"role": ..., "content": ...}, ...]; `name` is what an error calls it.
[[nodiscard]] Result<std::vector<tokenizer::ChatMessage>> chat_of(const boost::json::value& value,
                                                                  const std::string& name);

/// [1, 2, 3]
[[nodiscard]] Result<std::vector<std::int32_t>> tokens_of(const boost::json::value& value,
                                                          const std::string& name);

}  // namespace unmask::cli
