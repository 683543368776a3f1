#include <cstdio>

#include "runtime/cli/command.h"

namespace unmask::cli {

int report(const Error& error) {
  std::fprintf(stderr, "unmask: error: %s\n", error.message.c_str());
  switch (error.code) {
    case ErrorCode::kInvalidArgument:
    case ErrorCode::kNotFound:
      return kUsage;
    case ErrorCode::kUnavailable:
    case ErrorCode::kOverloaded:
      return kUnreachable;
    default:
      return kFailed;
  }
}

}  // namespace unmask::cli
