#include "tests/bench/serving/serving_bench.h"

#include "rpc/client/connection.h"
#include "tests/bench/serving/job_load.h"
#include "tests/bench/serving/served_cluster.h"

namespace unmask::bench {
namespace {

/// What the processes have counted so far.
struct Counters {
  double steps = 0;
  double burst_steps = 0;
  double overhead_seconds = 0;
  double collective_seconds = 0;
};

Result<Counters> read_counters(const ServedCluster& cluster, int num_workers) {
  const auto steps = cluster.sum_of("coordinator", "unmask_step_overhead_seconds_count");
  const auto burst = cluster.sum_of("coordinator", "unmask_burst_steps_total");
  const auto overhead = cluster.sum_of("coordinator", "unmask_step_overhead_seconds_sum");
  const auto collective = cluster.sum_of("worker", "unmask_collective_seconds_total");
  for (const auto* const sum : {&steps, &burst, &overhead, &collective}) {
    if (!*sum) return sum->error();
  }
  return Counters{*steps, *burst, *overhead, *collective / num_workers};
}

class ServingBench {
 public:
  ServingBench(EventLoop& loop, rpc::Client& client, const ServedCluster& cluster, int num_workers,
               int burst)
      : loop_(loop), client_(client), cluster_(cluster), num_workers_(num_workers), burst_(burst) {}

  Result<ServingRun> run(const std::string& cache, int max_at_once) {
    const Result<Counters> before = read_counters(cluster_, num_workers_);
    if (!before) return before.error();
    const double processor_seconds = cluster_.processor_seconds();
    const auto outcome = JobLoad(loop_, client_, cache, max_at_once).run();
    if (!outcome) return outcome.error();
    const Result<Counters> after = read_counters(cluster_, num_workers_);
    if (!after) return after.error();
    return ServingRun{.cache = cache,
                      .num_workers = num_workers_,
                      .burst = burst_,
                      .num_jobs = JobLoad::kNumJobs,
                      .max_at_once = max_at_once,
                      .seconds = outcome->seconds,
                      .tokens = double(outcome->tokens),
                      .forwards = double(outcome->forwards),
                      .steps = after->steps - before->steps,
                      .burst_steps = after->burst_steps - before->burst_steps,
                      .overhead_seconds = after->overhead_seconds - before->overhead_seconds,
                      .collective_seconds = after->collective_seconds - before->collective_seconds,
                      .processor_seconds = cluster_.processor_seconds() - processor_seconds};
  }

 private:
  EventLoop& loop_;
  rpc::Client& client_;
  const ServedCluster& cluster_;
  const int num_workers_;
  const int burst_;
};

}  // namespace

Result<std::vector<ServingRun>> measure_serving(const Options& options, int num_workers, int burst,
                                                int num_rounds) {
  EventLoop loop;
  const auto cluster = ServedCluster::start(loop, options, num_workers, burst);
  if (!cluster) return cluster.error();
  const Result<HostPort> gateway = rpc::parse_endpoint((*cluster)->endpoint());
  if (!gateway) return gateway.error();
  const auto connection = rpc::ClientConnection::open(loop, {.gateway = *gateway});
  if (!connection) return connection.error();

  ServingBench bench(loop, (*connection)->client(), **cluster, num_workers, burst);
  std::vector<ServingRun> best;
  for (const char* const cache : {"none", "dual"}) {
    const std::size_t first = best.size();
    for (int round = 0; round < num_rounds; ++round) {
      for (const int max_at_once : {1, JobLoad::kNumJobs}) {
        const Result<ServingRun> run = bench.run(cache, max_at_once);
        if (!run) return run.error();
        const std::size_t at = first + (max_at_once == 1 ? 0 : 1);
        if (best.size() <= at) {
          best.push_back(*run);
        } else if (run->seconds < best[at].seconds) {
          best[at] = *run;
        }
      }
    }
  }
  return best;
}

}  // namespace unmask::bench
