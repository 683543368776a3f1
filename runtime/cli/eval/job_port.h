#pragma once

#include <functional>
#include <optional>

#include "actors/messages.h"
#include "runtime/base/result.h"

namespace unmask::cli {

/// Where jobs go: a cluster of this process, or one behind a connection. Control thread only.
struct JobPort {
  /// Calls back once, never inside this call, unless it returns an error.
  std::function<Result<>(actors::Submit, std::function<void(const Result<actors::Finished>&)>)>
      submit;
  std::function<void(JobId)> cancel;
  /// Why no job is answered any more; nothing: they are.
  std::function<std::optional<Error>()> failure;
};

}  // namespace unmask::cli
