#include "kernels/backend.h"

#include "runtime/base/check.h"

namespace unmask::kernels {

Result<std::unique_ptr<Recording>> Backend::record(const std::function<Result<>()>& /*enqueue*/) {
  return Error{ErrorCode::kUnavailable, "this device records nothing"};
}

void Backend::replay(const Recording& /*recording*/) {
  UNMASK_CHECK(false);  // there are none
}

}  // namespace unmask::kernels
