#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "actors/messages.h"
#include "rpc/openai/api_error.h"

namespace unmask::rpc {

/// Which of the endpoints: /v1/chat/completions, /v1/completions, /v1/infill.
enum class Endpoint : std::uint8_t { kChat, kText, kInfill };

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
  bool has_usage = true;    ///< a stream ends with it only if asked
  bool has_frames = false;  ///< of a stream: what the canvas looks like meanwhile
  bool has_logprobs = false;
  bool is_middle =
      false;           ///< the jobs fill one hole between two texts: the answer is what is in it
  std::string name{};  ///< the client's own for the request; empty: it gave none
};

/// Every field is used, or known to change nothing, or refused by its name.
///
/// Errors  400 with the field
[[nodiscard]] ApiResult<GenerationRequest> parse_generation(Endpoint endpoint,
                                                            std::string_view body);

}  // namespace unmask::rpc
