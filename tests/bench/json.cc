#include <boost/json.hpp>
#include <cmath>

#include "tests/bench/history.h"
#include "tests/bench/report.h"

namespace unmask::bench {
namespace {

namespace json = boost::json;

/// Four digits say all that a measurement knows.
double rounded(double value) {
  if (value == 0) return 0;
  const double scale = std::pow(10.0, 3 - std::floor(std::log10(std::abs(value))));
  return std::round(value * scale) / scale;
}

json::object object_of(const Peaks& peaks) {
  return {{"f32_gflops", rounded(peaks.f32_gflops)},
          {"bf16_gflops", rounded(peaks.bf16_gflops)},
          {"gbytes_per_s", rounded(peaks.gbytes)}};
}

json::object head_of(const Report& report) {
  json::object object{{"date", report.date}, {"commit", report.commit}, {"cpu", report.cpu}};
  if (report.gpu.name.empty()) {
    object["threads"] = report.num_threads;
    object["instruction_set"] = report.instruction_set;
  } else {
    object["gpu"] = report.gpu.name;
    object["launch_us"] = rounded(report.gpu.launch_seconds * 1e6);
    object["replayed_launch_us"] = rounded(report.gpu.replayed_launch_seconds * 1e6);
  }
  object["is_processor_time"] = report.is_processor_time;
  object["peaks"] = object_of(report.peaks());
  return object;
}

json::object object_of(const Cell& cell, const Cost& cost, double share_of_peak) {
  json::object object{{"ms", rounded(cost.seconds * 1e3)}};
  if (cost.flops > 0) {
    object["gflops"] = rounded(cost.gflops());
    object["of_peak"] = rounded(share_of_peak);
    object["gbytes_per_s"] = rounded(cost.gbytes());
    object["of_bandwidth"] = rounded(cell.share_of_bandwidth(cost));
  }
  return object;
}

json::object object_of(const Cell& cell) {
  json::object object{{"subject", cell.subject},
                      {"weights", cell.weights},
                      {"rows", cell.num_rows},
                      {"runs", cell.num_runs},
                      {"peaks", object_of(cell.peaks)}};
  object["total"] = object_of(cell, cell.cost.total, cell.share_of_peak());
  for (std::size_t i = 0; i < kNumParts; ++i) {
    const Cost& cost = cell.cost.parts[i];
    if (cost.seconds <= 0) continue;
    object[kPartNames[i]] = object_of(cell, cost, cell.share_of_peak(Part(i)));
  }
  return object;
}

json::object object_of(const ServingRun& run) {
  return {{"cache", run.cache},
          {"workers", run.num_workers},
          {"burst", run.burst},
          {"jobs", run.num_jobs},
          {"at_once", run.max_at_once},
          {"seconds", rounded(run.seconds)},
          {"tokens", run.tokens},
          {"tokens_per_s", rounded(run.tokens_per_second())},
          {"forwards", run.forwards},
          {"processor_seconds", rounded(run.processor_seconds)},
          {"forwards_per_step", rounded(run.forwards_per_step())},
          {"round_trips_per_step", rounded(run.round_trips_per_step())},
          {"overhead_ms_per_step", rounded(run.overhead_ms_per_step())},
          {"collective_ms_per_step", rounded(run.collective_ms_per_step())}};
}

json::object object_of(const Coordination& one) {
  return {{"sequences", one.num_sequences},
          {"us", rounded(one.seconds * 1e6)},
          {"messages_us", rounded(one.encoding_seconds * 1e6)}};
}

json::array array_of(const std::vector<ForwardRun>& runs) {
  json::array array;
  for (const ForwardRun& run : runs) {
    array.push_back({{"model", run.model},
                     {"weights", run.weights},
                     {"numerics", run.numerics},
                     {"keys", run.num_keys},
                     {"rows", run.num_rows},
                     {"runs", run.num_runs},
                     {"ms", rounded(run.seconds * 1e3)},
                     {"gbytes", rounded(run.bytes * 1e-9)},
                     {"memory_gbytes_per_s", rounded(run.gbytes)},
                     {"floor_ms", rounded(run.floor_seconds() * 1e3)},
                     {"over_floor", rounded(run.over_floor())}});
  }
  return array;
}

json::array array_of(const std::vector<Coordination>& all) {
  json::array array;
  for (const Coordination& one : all) array.push_back(object_of(one));
  return array;
}

json::array array_of(const std::vector<GatewayRun>& runs) {
  json::array array;
  for (const GatewayRun& run : runs) {
    array.push_back({{"jobs", run.num_jobs},
                     {"blocks_per_s", run.blocks_per_s},
                     {"zmq_job_us", rounded(run.zmq_job_us)},
                     {"zmq_block_us", rounded(run.zmq_block_us)},
                     {"http_job_us", rounded(run.http_job_us)},
                     {"http_block_us", rounded(run.http_block_us)},
                     {"zmq_p99_ms", rounded(run.zmq_p99_ms)},
                     {"http_p50_ms", rounded(run.http_p50_ms)},
                     {"http_p99_ms", rounded(run.http_p99_ms)},
                     {"idle_streams", run.num_idle},
                     {"idle_kib", rounded(run.idle_kib)}});
  }
  return array;
}

json::array array_of(const std::vector<ServingRun>& runs) {
  json::array array;
  for (const ServingRun& run : runs) array.push_back(object_of(run));
  return array;
}

}  // namespace

std::string to_json(const Report& report) {
  json::object object = head_of(report);
  json::array forwards;
  for (const Cell& cell : report.cells) forwards.push_back(object_of(cell));
  object["forwards"] = std::move(forwards);
  object["whole_forwards"] = array_of(report.forwards);
  object["step"] = array_of(report.coordination);
  object["gateway"] = array_of(report.gateway);
  object["serving"] = array_of(report.serving);
  return json::serialize(object);
}

std::string history_line(const Report& report) {
  json::object object = head_of(report), forwards;
  for (const Cell& cell : report.cells) {
    json::object parts{{"ms", rounded(cell.cost.total.seconds * 1e3)}};
    for (std::size_t i = 0; i < kNumParts; ++i) {
      if (cell.cost.parts[i].flops <= 0) continue;
      parts[kPartNames[i]] = rounded(cell.share_of_peak(Part(i)));
    }
    forwards[cell.subject + ", " + cell.weights + ", " + std::to_string(cell.num_rows)] =
        std::move(parts);
  }
  object["forwards"] = std::move(forwards);
  object["step"] = array_of(report.coordination);
  object["gateway"] = array_of(report.gateway);
  object["serving"] = array_of(report.serving);
  return json::serialize(object);
}

}  // namespace unmask::bench
