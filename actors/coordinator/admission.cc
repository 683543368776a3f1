#include "actors/coordinator/admission.h"

#include <algorithm>
#include <utility>

namespace unmask::actors {

Result<RunningJob> make_job(const Admit& admit, const JobModel& model, Time accepted_at) {
  const Result<diffusion::DiffusionParams> params = params_of(admit);
  if (!params) return params.error();
  Result<diffusion::DiffusionLoop> loop = make_loop(admit.input, *params, model);
  if (!loop) return loop.error();
  RunningJob job(std::move(*loop));
  job.id = admit.job;
  job.requester = admit.requester;
  job.is_detached = admit.is_detached;
  job.priority = admit.priority;
  job.body_digest = admit.body_digest;
  job.subscription = admit.subscription;
  job.accepted_at = job.last_block_at = accepted_at;
  if (admit.deadline.count() > 0) job.deadline = accepted_at + admit.deadline;
  job.figures.prompt_tokens = job.loop.canvas().num_pinned();
  return job;
}

std::optional<Error> fit_error(const RunningJob& job,
                               const std::map<std::int32_t, Replica>& replicas) {
  if (replicas.empty()) return std::nullopt;  // not known yet; checked again when it is placed
  const Demand demand = job.demand();
  const std::int32_t length = demand.num_positions;
  std::int32_t most_positions = 0, most_rows = 0;
  std::int64_t most_in_cache = 0, most_soft = 0;
  for (const auto& [index, replica] : replicas) {
    if (replica.could_hold(demand)) return std::nullopt;
    const Capacity& capacity = replica.capacity;
    most_rows = std::max(most_rows, capacity.max_rows_per_step);
    const bool has_rows = demand.num_rows <= capacity.max_rows_per_step;
    const std::int32_t positions =
        has_rows ? capacity.max_positions
                 : std::min(capacity.max_positions, capacity.max_rows_per_step);
    most_positions = std::max(most_positions, positions);
    if (length > positions) continue;
    most_soft = std::max(most_soft, capacity.num_soft_rows);
    most_in_cache = std::max(most_in_cache, capacity.num_kv_pages * capacity.page_size);
  }
  if (length > most_positions) {
    return Error{
        ErrorCode::kTooLong,
        "the canvas has " + std::to_string(length) + " positions (prompt " +
            std::to_string(job.figures.prompt_tokens) + " + gen_length), a worker takes " +
            std::to_string(most_positions) +
            "; shorten the prompt or --gen-length (max_tokens), or start the workers with more "
            "--max-rows (if the model has the positions)"};
  }
  if (demand.num_rows > most_rows) {
    return Error{
        ErrorCode::kTooLong,
        "guidance (cfg_scale) reads the canvas twice, which makes " +
            std::to_string(demand.num_rows) + " rows of a forward, and a worker takes " +
            std::to_string(most_rows) +
            "; shorten the prompt or --gen-length (max_tokens), or start the workers with more "
            "--max-rows"};
  }
  if (demand.num_soft > most_soft) {
    return Error{ErrorCode::kInvalidArgument,
                 "smoothing takes " + std::to_string(demand.num_soft) +
                     " soft rows, one for each position that is generated, and a worker keeps " +
                     std::to_string(most_soft) +
                     "; start the workers with more --set compute.soft_rows=N, or ask without "
                     "smoothing"};
  }
  return Error{ErrorCode::kTooLong,
               "the canvas has " + std::to_string(length) + " positions, the KV cache holds " +
                   std::to_string(most_in_cache) +
                   "; start the workers with more --kv-memory, or ask for --cache none"};
}

Replica* place_for(const RunningJob& job, std::map<std::int32_t, Replica>& replicas,
                   std::size_t max_running) {
  const Demand demand = job.demand();
  Replica* roomiest = nullptr;
  for (auto& [index, replica] : replicas) {
    const bool has_room = replica.could_hold(demand) && replica.has_room(demand) &&
                          replica.has_batch_room(max_running);
    if (!has_room) continue;
    if (roomiest == nullptr || replica.free.kv_pages > roomiest->free.kv_pages) {
      roomiest = &replica;
    }
  }
  return roomiest;
}

std::string waiting_reason(const RunningJob& first, const std::map<std::int32_t, Replica>& replicas,
                           std::size_t max_running) {
  if (replicas.empty()) return "waiting for workers";
  const Demand demand = first.demand();
  bool has_batch_room = false, has_pages = false;
  for (const auto& [index, replica] : replicas) {
    if (!replica.could_hold(demand) || !replica.has_batch_room(max_running)) continue;
    has_batch_room = true;
    has_pages = has_pages || replica.reservation_of(demand).kv_pages <= replica.free.kv_pages;
  }
  if (!has_batch_room) return "waiting for room in the batch";
  return has_pages ? "waiting for soft rows" : "waiting for KV pages";
}

}  // namespace unmask::actors
