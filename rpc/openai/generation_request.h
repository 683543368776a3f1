#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "actors/messages.h"
#include "rpc/openai/api_error.h"

namespace unmask::rpc {

/// Which of the two endpoints: /v1/chat/completions, /v1/completions.
enum class Endpoint : std::uint8_t { kChat, kText };

/// Jobs of one request, its streams included.
inline constexpr std::int64_t kMaxChoices = 16;
inline constexpr std::size_t kMaxPrompts = 16;
inline constexpr std::size_t kMaxChoicesInAll = 64;
inline constexpr std::size_t kMaxApiStops = 4;

/// What OpenAI's clients ask for, as jobs.
struct GenerationRequest {
  Endpoint endpoint = Endpoint::kChat;
  std::vector<actors::Submit> jobs;  ///< one for each choice, in order
  std::size_t num_per_prompt = 1;    ///< choices of the same prompt stand together
  bool is_streamed = false;
  bool has_usage = true;  ///< a stream ends with it only if asked
};

/// Every field is used, or known to change nothing, or refused by its name.
///
/// Errors  400 with the field
[[nodiscard]] ApiResult<GenerationRequest> parse_generation(Endpoint endpoint,
                                                            std::string_view body);

}  // namespace unmask::rpc
