#include "runtime/cli/job/deadline.h"

#include <cmath>

#include "actors/messages.h"
#include "runtime/config/value.h"

namespace unmask::cli {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds kMin{1};

Error out_of_range(const std::string& name, const std::string& given) {
  return invalid(name + " must be " + show_field(kMin) + " to " + show_field(actors::kMaxDeadline) +
                 ", not " + given);
}

}  // namespace

Result<milliseconds> parse_deadline(const std::string& text, const std::string& name) {
  milliseconds deadline{0};
  const Result<> is_time = set_field(deadline, text);
  if (!is_time) return invalid(name + " " + is_time.error().message);
  if (deadline < kMin || deadline > actors::kMaxDeadline) return out_of_range(name, text);
  return deadline;
}

Result<milliseconds> deadline_of(double seconds, const std::string& name) {
  const double ms = std::round(1000 * seconds);
  if (!(ms >= double(kMin.count()) && ms <= double(actors::kMaxDeadline.count()))) {
    return out_of_range(name, std::to_string(seconds) + " s");
  }
  return milliseconds(std::int64_t(ms));
}

}  // namespace unmask::cli
