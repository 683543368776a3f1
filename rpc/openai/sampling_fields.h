/// The fields of a request that become job parameters. Only sources include this, as json_fields.h.

#pragma once

#include <cstddef>
#include <vector>

#include "actors/messages.h"
#include "rpc/openai/json_fields.h"

namespace unmask::rpc {

/// temperature, top_p, top_k, seed, max_completion_tokens, max_tokens, ignore_eos, and everything
/// in `diffusion`: the parameters of a job by their own names.
///
/// Where tokens are drawn and no seed is given, there is a new one.
/// has_length: how long the answer is to be is asked for, and not given by holes.
[[nodiscard]] std::vector<actors::Parameter> read_sampling(JsonFields& fields, bool has_length);
/// Whether `diffusion.stream` asks for frames.
[[nodiscard]] bool read_frames(JsonFields& fields, bool is_streamed);

/// For choice `index` of a prompt: drawn from other random numbers than those before.
void shift_seed(std::vector<actors::Parameter>& parameters, std::size_t index);

}  // namespace unmask::rpc
