#pragma once

#include <cstddef>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "runtime/actor/clock.h"
#include "runtime/actor/timers.h"
#include "runtime/cli/bench/load_target.h"
#include "runtime/cli/bench/request_record.h"

namespace unmask::cli {

/// Puts a load on a server and keeps what each request felt like.
///
/// Requests are sent when they are due, whatever became of earlier ones; with a bound on those in
/// flight they then wait for a place. Nothing is sent twice: what is refused has failed.
class Load {
 public:
  struct Options {
    std::vector<double> arrivals;     ///< seconds, ascending; one for each request
    std::size_t max_concurrency = 0;  ///< in flight at most; 0: no bound
    std::size_t num_warmups = 0;      ///< requests before, as many at once as max_concurrency, or 1
    /// The job of a request; warm-ups take the first ones, too.
    std::function<actors::Submit(std::size_t index)> job_of{};
  };
  struct Events {
    std::function<void()> on_progress;  ///< a request has ended; may be empty
    /// Once: all have ended, or why there was nothing to measure: a warm-up failed.
    std::function<void(Result<>)> on_end;
  };

  /// All outlive this.
  Load(LoadTarget& target, const Clock& clock, Timers& timers, Options options);
  ~Load();
  Load(const Load&) = delete;
  Load& operator=(const Load&) = delete;

  void start(Events events);
  /// Sends nothing more, and cancels what is in flight, which is in no record; then on_end.
  void interrupt();

  /// Sends nothing more; what is in flight ends by itself and counts.
  void send_no_more() { limit_ = next_; }

  /// Of requests that ended by themselves, in the order of their ends.
  [[nodiscard]] const std::vector<RequestRecord>& records() const { return records_; }
  [[nodiscard]] std::size_t num_in_flight() const { return in_flight_.size(); }
  [[nodiscard]] std::size_t num_requests() const { return options_.arrivals.size(); }
  [[nodiscard]] std::size_t num_cancelled() const { return num_cancelled_; }
  [[nodiscard]] bool is_interrupted() const { return is_interrupted_; }
  /// Since the measured requests began; 0 before.
  [[nodiscard]] double seconds() const;

 private:
  void warm_up();
  void begin_warm_up();
  void begin_measuring();
  void send_due();
  void send(std::size_t index);
  void request_ended(std::size_t index, const RequestEnd& end);
  void end_if_done();
  void end(Result<> result);
  [[nodiscard]] bool has_place() const;

  LoadTarget& target_;
  const Clock& clock_;
  Timers& timers_;
  const Options options_;
  Events events_;
  std::optional<Time> began_;  // nothing: it warms up
  std::size_t num_warmed_ = 0;
  std::size_t next_ = 0;  // request to send
  std::size_t limit_;     // requests before this one are sent
  TimerId timer_ = 0;     // for that one
  std::map<std::size_t, JobId> in_flight_;
  std::map<std::size_t, RequestRecord> open_;  // of those in flight
  std::vector<RequestRecord> records_;
  std::size_t num_cancelled_ = 0;
  bool is_interrupted_ = false;
};

}  // namespace unmask::cli
