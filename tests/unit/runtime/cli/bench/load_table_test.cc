#include "runtime/cli/bench/load_table.h"

#include <gtest/gtest.h>

#include "tests/unit/runtime/cli/bench/measured_load.h"

namespace unmask::cli {
namespace {

TEST(LoadTableTest, HasTheHeadingsThatScriptsLookFor) {
  EXPECT_EQ(load_table(three_requests()), R"(============ Serving Benchmark Result ============
Successful requests:                     2
Failed requests:                         1
Maximum request concurrency:             2
Benchmark duration (s):                  2.00
Total input tokens:                      7
Total generated tokens:                  16
Request throughput (req/s):              1.00
Request goodput (req/s):                 0.50
Output token throughput (tok/s):         8.00
Peak output token throughput (tok/s):    11.00
Peak concurrent requests:                2.00
Total token throughput (tok/s):          11.50
--------------------Queue Time--------------------
Mean Queue (ms):                         200.00
Median Queue (ms):                       200.00
P50 Queue (ms):                          200.00
P99.9 Queue (ms):                        299.80
---------------Time to First Token----------------
Mean TTFT (ms):                          625.00
Median TTFT (ms):                        625.00
P50 TTFT (ms):                           625.00
P99.9 TTFT (ms):                         749.75
---------------Inter-token Latency----------------
Mean ITL (ms):                           500.00
Median ITL (ms):                         500.00
P50 ITL (ms):                            500.00
P99.9 ITL (ms):                          500.00
----------------End-to-end Latency----------------
Mean E2EL (ms):                          1125.00
Median E2EL (ms):                        1125.00
P50 E2EL (ms):                           1125.00
P99.9 E2EL (ms):                         1249.75
----------------Diffusion Decoding----------------
Committed throughput (tok/s):            8.00
Denoising steps per canvas:              2.67
Committed per denoising step:            2.00
Committed tokens:                        16
Denoising steps:                         8
Canvas positions evaluated:              64
==================================================
failed 1 time: the queue is full
)");
}

TEST(LoadTableTest, SaysHowManyWereCancelled) {
  LoadRun run = three_requests();
  run.is_interrupted = true;
  run.num_cancelled = 4;
  EXPECT_NE(load_table(run).find("\nCancelled requests:                      4\n"),
            std::string::npos);
}

}  // namespace
}  // namespace unmask::cli
