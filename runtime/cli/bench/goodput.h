#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "runtime/base/result.h"
#include "runtime/cli/bench/request_record.h"

namespace unmask::cli {

/// What of a request is measured, in milliseconds: help and tables name it so.
enum class Latency {
  kQueue,          ///< in the server's queue, by its own clock
  kFirstBlock,     ///< from sending it until its first block came
  kBlockInterval,  ///< from one block of it to its next
  kJob,            ///< from sending it until its last message came
};

/// "queue", "ttft", "itl", "e2el": in flags and in JSON.
[[nodiscard]] std::string_view short_name_of(Latency latency);

/// All of that kind that the request has, in milliseconds.
[[nodiscard]] std::vector<double> latencies_of(const RequestRecord& record, Latency latency);

/// The request is good enough if none of these is longer.
struct Objective {
  Latency latency;
  double max_ms;
};

/// "ttft:200 e2el:3000". Errors: kInvalidArgument, quoting the part that is none.
[[nodiscard]] Result<std::vector<Objective>> parse_goodput(const std::string& text);

/// It succeeded, has what every objective is about, and keeps them all. Of block intervals the mean
/// counts; a job of one block has none, and keeps any.
[[nodiscard]] bool keeps(const RequestRecord& record, const std::vector<Objective>& objectives);

}  // namespace unmask::cli
