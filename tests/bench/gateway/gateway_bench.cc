#include "tests/bench/gateway/gateway_bench.h"

#include <unistd.h>

#include <algorithm>
#include <fstream>
#include <limits>

#include "rpc/client/connection.h"
#include "rpc/client/job_id.h"
#include "tests/bench/gateway/bench_gateway.h"
#include "tests/bench/gateway/event_streams.h"
#include "tests/bench/serving/run_until.h"

namespace unmask::bench {
namespace {

constexpr int kNumJobs = 200;
constexpr int kNumBlocks = 21;  // against 1: what a block costs, and what a job
constexpr int kNumIdle = 1000;
constexpr std::chrono::milliseconds kInterval{100};
constexpr int kRounds = 4;

using Place = ScriptedCoordinator::Place;

/// When each block was in the client's hands.
class Arrivals {
 public:
  void take(std::string& text) {
    const Time now = clock_.now();
    for (const Place& place : take_places(text)) times_.push_back({place, now});
  }
  [[nodiscard]] std::size_t size() const { return times_.size(); }

  /// The delay that this part of all blocks has at most.
  [[nodiscard]] double delay_ms(const ScriptedCoordinator& coordinator, double part) const {
    std::vector<double> delays;
    for (const auto& [place, time] : times_) {
      delays.push_back(
          std::chrono::duration<double, std::milli>(time - coordinator.due(place)).count());
    }
    std::ranges::sort(delays);
    return delays.empty() ? 0 : delays[std::size_t(part * double(delays.size() - 1))];
  }

 private:
  SteadyClock clock_;
  std::vector<std::pair<Place, Time>> times_;
};

/// The same jobs over one of the two doors. Returns when all have ended.
class Door {
 public:
  virtual ~Door() = default;
  virtual Result<> run(Arrivals& arrivals) = 0;
};

class ZmqDoor final : public Door {
 public:
  explicit ZmqDoor(const HostPort& gateway)
      : connection_(rpc::ClientConnection::open(loop_, {.gateway = gateway})) {}

  Result<> run(Arrivals& arrivals) override {
    if (!connection_) return connection_.error();
    int num_left = kNumJobs;
    std::optional<Error> error;
    for (int i = 0; i < kNumJobs; ++i) {
      actors::Submit job;
      job.job = rpc::random_job_id();
      job.input = actors::ChatInput{{{"user", "Hi"}}};
      job.parameters = {{"gen_length", "64"}};
      rpc::JobEvents events;
      events.on_block = [&arrivals](const actors::Committed& block) {
        std::string text = block.text;
        arrivals.take(text);
      };
      events.on_end = [&](const Result<actors::Finished>& end) {
        --num_left;
        if (!end) error = end.error();
      };
      const Result<> sent = (*connection_)->client().submit(std::move(job), std::move(events));
      if (!sent) return sent;
    }
    run_until(loop_, [&] { return num_left == 0 || error; });
    if (error) return *error;
    return {};
  }

 private:
  EventLoop loop_;
  Result<std::unique_ptr<rpc::ClientConnection>> connection_;
};

class HttpDoor final : public Door {
 public:
  explicit HttpDoor(const HostPort& gateway) : streams_(EventStreams::connect(gateway, kNumJobs)) {}

  Result<> run(Arrivals& arrivals) override {
    if (!streams_) return streams_.error();
    return (*streams_)->run([&arrivals](std::string& text) { arrivals.take(text); });
  }

 private:
  Result<std::unique_ptr<EventStreams>> streams_;
};

/// What jobs of one length cost through one door; of several rounds the least.
struct DoorCost {
  double thread_seconds = std::numeric_limits<double>::max();
  double p50_ms = thread_seconds, p99_ms = thread_seconds;
};

Result<> measure_once(BenchGateway& gateway, Door& door, int num_blocks, DoorCost& least) {
  gateway.set_script({num_blocks, kInterval});
  Arrivals arrivals;
  const double before = gateway.thread_seconds();
  if (const Result<> ran = door.run(arrivals); !ran) return ran;
  const double seconds = gateway.thread_seconds() - before;
  if (arrivals.size() != std::size_t(kNumJobs * num_blocks)) {
    return Error{ErrorCode::kInternal, std::to_string(arrivals.size()) + " blocks came, not " +
                                           std::to_string(kNumJobs * num_blocks)};
  }
  least.thread_seconds = std::min(least.thread_seconds, seconds);
  least.p50_ms = std::min(least.p50_ms, arrivals.delay_ms(gateway.coordinator(), 0.5));
  least.p99_ms = std::min(least.p99_ms, arrivals.delay_ms(gateway.coordinator(), 0.99));
  return {};
}

double resident_bytes() {
  std::ifstream statm("/proc/self/statm");
  double total = 0, resident = 0;
  statm >> total >> resident;
  return resident * double(sysconf(_SC_PAGESIZE));
}

Result<double> idle_bytes(BenchGateway& gateway) {
  gateway.set_script({});
  const double before = resident_bytes();
  const auto streams = EventStreams::connect(gateway.http(), kNumIdle);
  if (!streams) return streams.error();
  if (const Result<> opened = (*streams)->open(); !opened) return opened.error();
  return (resident_bytes() - before) / kNumIdle;
}

double block_us(const DoorCost& one, const DoorCost& many) {
  return (many.thread_seconds - one.thread_seconds) / (kNumJobs * (kNumBlocks - 1)) * 1e6;
}

}  // namespace

Result<GatewayRun> measure_gateway(const std::filesystem::path& model) {
  const auto gateway = BenchGateway::start(model);
  if (!gateway) return gateway.error();
  ZmqDoor zmq((*gateway)->zmq());
  HttpDoor http((*gateway)->http());
  DoorCost zmq_one, zmq_many, http_one, http_many;
  for (int round = 0; round < kRounds; ++round) {
    for (const auto& [door, num_blocks, cost] :
         {std::tuple<Door*, int, DoorCost*>{&zmq, 1, &zmq_one},
          {&http, 1, &http_one},
          {&zmq, kNumBlocks, &zmq_many},
          {&http, kNumBlocks, &http_many}}) {
      const Result<> measured = measure_once(**gateway, *door, num_blocks, *cost);
      if (!measured) return measured.error();
    }
  }
  const Result<double> idle = idle_bytes(**gateway);
  if (!idle) return idle.error();

  GatewayRun run{.num_jobs = kNumJobs, .num_blocks = kNumBlocks, .num_idle = kNumIdle};
  run.blocks_per_s = kNumJobs / std::chrono::duration<double>(kInterval).count();
  run.zmq_block_us = block_us(zmq_one, zmq_many);
  run.http_block_us = block_us(http_one, http_many);
  run.zmq_job_us = zmq_one.thread_seconds / kNumJobs * 1e6 - run.zmq_block_us;
  run.http_job_us = http_one.thread_seconds / kNumJobs * 1e6 - run.http_block_us;
  run.zmq_p99_ms = zmq_many.p99_ms;
  run.http_p50_ms = http_many.p50_ms;
  run.http_p99_ms = http_many.p99_ms;
  run.idle_kib = *idle / 1024;
  return run;
}

}  // namespace unmask::bench
