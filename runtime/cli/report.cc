#include <cstdio>

#include "runtime/cli/command.h"
#include "runtime/cli/job/job_files.h"
#include "runtime/cli/text/characters.h"

namespace unmask::cli {

namespace {

ExitCode class_of(ErrorCode code) {
  switch (code) {
    case ErrorCode::kInvalidArgument:
    case ErrorCode::kTooLong:
    case ErrorCode::kNotFound:
      return kUsage;
    case ErrorCode::kUnavailable:
    case ErrorCode::kOverloaded:
      return kUnreachable;
    default:
      return kFailed;
  }
}

}  // namespace

ExitCode report(const Error& error) { return report(error, class_of(error.code)); }

ExitCode report(const Error& error, ExitCode exit_code) {
  if (error.code == ErrorCode::kCancelled) {
    std::fprintf(stderr, "unmask: %s\n", printable(error.message).c_str());
    return kInterrupted;
  }
  std::fprintf(stderr, "unmask: error: %s\n", printable(error.message).c_str());
  return exit_code;
}

ExitCode Reporter::operator()(const Error& error) const {
  return (*this)(error, class_of(error.code));
}

ExitCode Reporter::operator()(const Error& error, ExitCode exit_code) const {
  if (is_json) std::printf("%s\n", to_json(error).c_str());
  return report(error, exit_code);
}

}  // namespace unmask::cli
