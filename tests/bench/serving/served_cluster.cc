#include "tests/bench/serving/served_cluster.h"

#include <unistd.h>

#include <boost/json.hpp>
#include <csignal>
#include <fstream>
#include <iterator>
#include <limits>

#include "tests/bench/serving/metrics_page.h"
#include "tests/bench/serving/run_until.h"

namespace unmask::bench {

Result<std::unique_ptr<ServedCluster>> ServedCluster::start(EventLoop& loop, const Options& bench,
                                                            int num_workers, int burst) {
  std::unique_ptr<ServedCluster> cluster(new ServedCluster(loop));
  cluster->endpoints_file_ = std::filesystem::temp_directory_path() /
                             ("unmask_bench_" + std::to_string(getpid()) + ".json");
  const std::string instructions(bench.instruction_set ? kernels::name_of(*bench.instruction_set)
                                                       : "auto");
  Process::Options options;
  options.command = {UNMASK_PROGRAM,     "up",
                     "--workers",        std::to_string(num_workers),
                     "--model",          bench.model.string(),
                     "--endpoints-file", cluster->endpoints_file_.string(),
                     "--instructions",   instructions};
  options.environment = {{"UNMASK_COMPUTE_BURST", std::to_string(burst)}};
  options.on_line = [cluster = cluster.get()](const std::string& line) {
    cluster->take_line(line);
  };
  options.on_exit = [cluster = cluster.get()](ExitStatus status) { cluster->end_ = status; };
  auto process = Process::start(loop, std::move(options));
  if (!process) return process.error();
  cluster->process_ = std::move(*process);
  run_until(loop, [&] { return cluster->is_ready_ || cluster->end_; });
  if (!cluster->is_ready_) {
    return Error{ErrorCode::kUnavailable,
                 "unmask up " + cluster->end_->describe() + ": " + cluster->last_line_};
  }
  if (const Result<> read = cluster->read_endpoints(); !read) return read.error();
  return cluster;
}

ServedCluster::~ServedCluster() {
  if (process_ && !end_) {
    process_->kill(SIGTERM);
    run_until(loop_, [this] { return end_.has_value(); });
  }
  std::error_code ignored;
  std::filesystem::remove(endpoints_file_, ignored);
}

void ServedCluster::take_line(const std::string& line) {
  if (!line.empty()) last_line_ = line;
  // The file is written before this is said.
  if (line.starts_with("[4/4] ready")) is_ready_ = true;
}

Result<> ServedCluster::read_endpoints() {
  std::ifstream file(endpoints_file_);
  const std::string text{std::istreambuf_iterator<char>(file), {}};
  boost::json::error_code error;
  const boost::json::value endpoints = boost::json::parse(text, error);
  if (error) {
    return Error{ErrorCode::kUnavailable,
                 endpoints_file_.string() + " cannot be read: " + error.message()};
  }
  endpoint_ = endpoints.at("client").as_string().c_str();
  for (const boost::json::value& process : endpoints.at("processes").as_array()) {
    members_.push_back({process.at("role").as_string().c_str(), process.at("pid").as_int64(),
                        process.at("http").as_string().c_str()});
  }
  return {};
}

double ServedCluster::processor_seconds() const {
  double ticks = 0;
  for (const Member& member : members_) {
    std::ifstream stat("/proc/" + std::to_string(member.pid) + "/stat");
    // Behind the name, which may hold anything: state and ten more fields, then utime and stime.
    stat.ignore(std::numeric_limits<std::streamsize>::max(), ')');
    std::string field;
    for (int i = 0; i < 11; ++i) stat >> field;
    double user = 0, system = 0;
    stat >> user >> system;
    ticks += user + system;
  }
  return ticks / double(sysconf(_SC_CLK_TCK));
}

Result<double> ServedCluster::sum_of(const std::string& role, const std::string& series) const {
  double sum = 0;
  for (const Member& member : members_) {
    if (member.role != role) continue;
    const Result<std::string> page = fetch_metrics(member.http);
    if (!page) return page.error();
    sum += bench::sum_of(*page, series);
  }
  return sum;
}

}  // namespace unmask::bench
