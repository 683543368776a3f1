#pragma once

#include <string>
#include <string_view>

#include "runtime/base/hex.h"
#include "runtime/base/ids.h"
#include "runtime/base/result.h"

namespace unmask::rpc {

/// Another one at each call.
[[nodiscard]] JobId random_job_id();

using unmask::to_hex;
/// Of 32 hexadecimal digits.
[[nodiscard]] Result<JobId> parse_job_id(std::string_view hex);

}  // namespace unmask::rpc
