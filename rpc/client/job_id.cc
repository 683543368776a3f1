#include "rpc/client/job_id.h"

#include "runtime/base/random.h"

namespace unmask::rpc {
namespace {

constexpr std::string_view kDigits = "0123456789abcdef";

}  // namespace

JobId random_job_id() {
  JobId id;
  fill_randomly(std::as_writable_bytes(std::span(id.bytes)));
  return id;
}

Result<JobId> parse_job_id(std::string_view hex) {
  const Error error{ErrorCode::kInvalidArgument, "a job id has 32 hexadecimal digits"};
  JobId id;
  if (hex.size() != 2 * id.bytes.size()) return error;
  for (std::size_t i = 0; i < hex.size(); ++i) {
    const char c = hex[i] >= 'A' && hex[i] <= 'F' ? char(hex[i] - 'A' + 'a') : hex[i];
    const std::size_t digit = kDigits.find(c);
    if (digit == std::string_view::npos) return error;
    id.bytes[i / 2] = std::uint8_t(id.bytes[i / 2] << 4 | digit);
  }
  return id;
}

}  // namespace unmask::rpc
