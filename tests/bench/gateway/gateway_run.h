#pragma once

#include <string>

namespace unmask::bench {

/// What one gateway costs while it streams, beside what it would cost over ZeroMQ.
struct GatewayRun {
  int num_jobs = 0;         ///< that stream at once
  int num_blocks = 0;       ///< of each
  double blocks_per_s = 0;  ///< of all, as they were due
  double zmq_job_us = 0;    ///< of the gateway's thread
  double zmq_block_us = 0;
  double http_job_us = 0;
  double http_block_us = 0;
  double zmq_p99_ms = 0;  ///< from when a block was due to when the client had it
  double http_p50_ms = 0;
  double http_p99_ms = 0;
  int num_idle = 0;     ///< streams that were open and silent at once
  double idle_kib = 0;  ///< of memory, for each

  [[nodiscard]] double added_job_us() const { return http_job_us - zmq_job_us; }
  [[nodiscard]] double added_block_us() const { return http_block_us - zmq_block_us; }
};

}  // namespace unmask::bench
