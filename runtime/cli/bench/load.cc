#include "runtime/cli/bench/load.h"

#include <algorithm>
#include <utility>

namespace unmask::cli {
namespace {

Duration duration_of(double seconds) {
  return std::chrono::duration_cast<Duration>(std::chrono::duration<double>(seconds));
}

}  // namespace

Load::Load(LoadTarget& target, const Clock& clock, Timers& timers, Options options)
    : target_(target),
      clock_(clock),
      timers_(timers),
      options_(std::move(options)),
      limit_(options_.arrivals.size()) {}

Load::~Load() { timers_.cancel(timer_); }

void Load::start(Events events) {
  events_ = std::move(events);
  warm_up();
}

void Load::interrupt() {
  if (is_interrupted_) return;
  is_interrupted_ = true;
  timers_.cancel(timer_);
  for (const auto& [index, job] : std::map(in_flight_)) target_.cancel(job);
  end_if_done();
}

double Load::seconds() const {
  return began_ ? std::chrono::duration<double>(clock_.now() - *began_).count() : 0;
}

/// Begins as many as there is room for; the last one that ends begins what is measured.
void Load::warm_up() {
  const std::size_t room = std::max<std::size_t>(options_.max_concurrency, 1);
  while (in_flight_.size() < room && num_warmed_ < options_.num_warmups) begin_warm_up();
  if (in_flight_.empty()) begin_measuring();
}

void Load::begin_warm_up() {
  const std::size_t index = num_warmed_++;
  const actors::Submit job = options_.job_of(index % options_.arrivals.size());
  in_flight_[index] = job.job;
  RequestEvents events;
  events.on_block = [](std::int64_t /*positions*/) {};
  events.on_end = [this, index](const RequestEnd& ended) {
    in_flight_.erase(index);
    if (is_interrupted_) return end_if_done();
    if (!ended.failure.empty()) {
      return end(Error{ErrorCode::kUnavailable, "a warm-up request failed: " + ended.failure});
    }
    warm_up();
  };
  target_.begin(job, std::move(events));
}

void Load::begin_measuring() {
  began_ = clock_.now();
  send_due();
}

bool Load::has_place() const {
  return options_.max_concurrency == 0 || in_flight_.size() < options_.max_concurrency;
}

/// Sends what is due and has a place, and waits for what is due next; whoever gives a place up asks
/// again.
void Load::send_due() {
  timers_.cancel(std::exchange(timer_, 0));
  while (!is_interrupted_ && next_ < limit_ && has_place()) {
    const Time due = *began_ + duration_of(options_.arrivals[next_]);
    if (const Time now = clock_.now(); due > now) {
      timer_ = timers_.after(due - now, [this] { send_due(); });
      return;
    }
    send(next_++);
  }
}

void Load::send(std::size_t index) {
  const actors::Submit job = options_.job_of(index);
  in_flight_[index] = job.job;
  RequestRecord& record = open_[index];
  record.index = index;
  record.start_s = seconds();
  RequestEvents events;
  events.on_block = [this, index](std::int64_t positions) {
    RequestRecord& open = open_.at(index);
    open.block_s.push_back(seconds());
    open.positions += positions;
  };
  events.on_end = [this, index](const RequestEnd& ended) { request_ended(index, ended); };
  target_.begin(job, std::move(events));
}

void Load::request_ended(std::size_t index, const RequestEnd& end) {
  in_flight_.erase(index);
  RequestRecord record = std::move(open_.extract(index).mapped());
  record.end_s = seconds();
  record.end = end;
  // One that came to its end while it was being cancelled is as good as any.
  if (is_interrupted_ && !end.failure.empty()) {
    ++num_cancelled_;
  } else {
    records_.push_back(std::move(record));
  }
  if (events_.on_progress) events_.on_progress();
  send_due();
  end_if_done();
}

void Load::end_if_done() {
  const bool is_all = began_ && next_ >= limit_;
  if (in_flight_.empty() && (is_interrupted_ || is_all)) end({});
}

void Load::end(Result<> result) {
  is_interrupted_ = is_interrupted_ || !result;
  if (const auto on_end = std::exchange(events_.on_end, nullptr)) on_end(std::move(result));
}

}  // namespace unmask::cli
