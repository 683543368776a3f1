#include "actors/rejections.h"

#include <string_view>

namespace unmask::actors {
namespace {

constexpr std::string_view kReasons[] = {"invalid", "queue_full", "deadline", "unavailable",
                                         "other"};

std::size_t reason_of(ErrorCode code) {
  switch (code) {
    case ErrorCode::kInvalidArgument:
    case ErrorCode::kNotFound:
    case ErrorCode::kTooLong:
      return 0;
    case ErrorCode::kOverloaded:
      return 1;
    case ErrorCode::kDeadlineExceeded:
      return 2;
    case ErrorCode::kUnavailable:
      return 3;
    default:
      return 4;
  }
}

}  // namespace

Rejections::Rejections(Metrics& metrics) {
  static_assert(std::size(kReasons) == kNumReasons);
  for (std::size_t reason = 0; reason < kNumReasons; ++reason) {
    refused_[reason] =
        &metrics.counter("unmask_admission_rejections_total",
                         "Jobs that were not accepted, by reason.", {{"reason", kReasons[reason]}});
  }
}

void Rejections::count(ErrorCode code) { refused_[reason_of(code)]->add(); }

}  // namespace unmask::actors
