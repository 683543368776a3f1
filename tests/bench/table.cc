#include <cstdio>
#include <ostream>

#include "tests/bench/report.h"

namespace unmask::bench {
namespace {

template <class... Values>
void print(std::ostream& out, const char* format, Values... values) {
  char line[200];
  std::snprintf(line, sizeof(line), format, values...);
  out << line;
}

void print_part(std::ostream& out, const Cell& cell, const char* name, const Cost& cost,
                double share_of_peak) {
  print(out, "  %-9s %9.3f", name, cost.seconds * 1e3);
  if (cost.flops > 0) {
    print(out, " %9.1f %5.0f %% %8.1f %5.0f %%", cost.gflops(), share_of_peak * 100, cost.gbytes(),
          cell.share_of_bandwidth(cost) * 100);
  }
  out << '\n';
}

void print_cell(std::ostream& out, const Cell& cell) {
  print(out, "%5d", cell.num_rows);
  print_part(out, cell, "total", cell.cost.total, cell.share_of_peak());
  for (std::size_t i = 0; i < kNumParts; ++i) {
    const Cost& cost = cell.cost.parts[i];
    if (cost.seconds <= 0) continue;
    out << "     ";
    print_part(out, cell, kPartNames[i], cost, cell.share_of_peak(Part(i)));
  }
}

void print_peaks(std::ostream& out, const Peaks& peaks) {
  print(out, "peak: %.0f GFLOP/s of f32, %.0f of bf16, %.1f GB/s from memory\n", peaks.f32_gflops,
        peaks.bf16_gflops, peaks.gbytes);
}

void print_serving(std::ostream& out, const std::vector<ServingRun>& runs) {
  out << "\nunmask up, the same jobs, so many at once\n"
         "workers  burst  cache  at once   seconds  tokens/s  processor  forwards  per step  "
         "round trips  overhead  collective\n";
  for (const ServingRun& run : runs) {
    print(out, "%7d %6d  %5s %5d/%-2d %9.3f %9.1f %8.2f s %9.0f %9.2f %11.2f %6.3f ms %8.3f ms\n",
          run.num_workers, run.burst, run.cache.c_str(), run.max_at_once, run.num_jobs, run.seconds,
          run.tokens_per_second(), run.processor_seconds, run.forwards, run.forwards_per_step(),
          run.round_trips_per_step(), run.overhead_ms_per_step(), run.collective_ms_per_step());
  }
  out << "round trips: per step, the others are of bursts; overhead: the coordinator's time per "
         "step "
         "outside the workers; collective: a worker's\n";
}

void print_gateway(std::ostream& out, const std::vector<GatewayRun>& runs) {
  out << "\na gateway that streams, its thread's time\n"
         "           a job   a block   delay of a block\n";
  for (const GatewayRun& run : runs) {
    print(out, "ZeroMQ %7.0f us %6.1f us   p99 %.2f ms\n", run.zmq_job_us, run.zmq_block_us,
          run.zmq_p99_ms);
    print(out, "HTTP   %7.0f us %6.1f us   p99 %.2f ms, p50 %.2f ms\n", run.http_job_us,
          run.http_block_us, run.http_p99_ms, run.http_p50_ms);
    print(out, "HTTP adds %.0f us a job, %.1f us a block; %d streams at once, %.0f blocks/s\n",
          run.added_job_us(), run.added_block_us(), run.num_jobs, run.blocks_per_s);
    print(out, "%d silent streams: %.1f KiB each, those of who reads them included\n", run.num_idle,
          run.idle_kib);
  }
}

void print_forwards(std::ostream& out, const std::vector<ForwardRun>& runs) {
  out << "\nwhole forwards, random weights of bf16\n"
         "model               keys  rows         ms      floor  over floor   GB/s from memory\n";
  for (const ForwardRun& run : runs) {
    print(out, "%-18s %5d %5d %10.3f %10.3f %11.2f %18.1f\n", run.model.c_str(), run.num_keys,
          run.num_rows, run.seconds * 1e3, run.floor_seconds() * 1e3, run.over_floor(), run.gbytes);
  }
  out << "floor: the time in which the memory delivers weights (of chosen experts only) and keys\n";
}

void print_coordination(std::ostream& out, const std::vector<Coordination>& all) {
  out << "\nthe coordinator's part of a step, from the bytes of an answer to those of the next "
         "step\n"
         "sequences        us  us/sequence  of it messages\n";
  for (const Coordination& one : all) {
    print(out, "%9d %9.1f %12.2f %12.1f us\n", one.num_sequences, one.seconds * 1e6,
          one.seconds * 1e6 / one.num_sequences, one.encoding_seconds * 1e6);
  }
}

}  // namespace

void write_table(const Report& report, std::ostream& out) {
  if (report.gpu.name.empty()) {
    out << report.cpu << ", " << report.num_threads << " threads, " << report.instruction_set
        << (report.is_processor_time ? ", processor time" : "");
  } else {
    out << report.gpu.name;
    print(out, ", launch of a kernel %.1f us, in a graph %.1f us", report.gpu.launch_seconds * 1e6,
          report.gpu.replayed_launch_seconds * 1e6);
  }
  out << ", commit " << report.commit << '\n';
  if (!report.cells.empty()) print_peaks(out, report.peaks());
  const Cell* above = nullptr;
  for (const Cell& cell : report.cells) {
    if (above == nullptr || above->subject != cell.subject || above->weights != cell.weights) {
      out << '\n' << cell.subject << ", " << cell.weights << '\n';
      out << " rows  part             ms   GFLOP/s of peak     GB/s of peak\n";
    }
    print_cell(out, cell);
    above = &cell;
  }
  if (!report.forwards.empty()) print_forwards(out, report.forwards);
  if (!report.coordination.empty()) print_coordination(out, report.coordination);
  if (!report.gateway.empty()) print_gateway(out, report.gateway);
  if (!report.serving.empty()) print_serving(out, report.serving);
}

}  // namespace unmask::bench
