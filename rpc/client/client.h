#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <variant>

#include "actors/messages.h"
#include "rpc/client/streamed_answer.h"
#include "rpc/links.h"
#include "runtime/actor/env.h"
#include "runtime/actor/transport.h"

namespace unmask::rpc {

/// Callbacks for one job; an empty one is not called.
///
/// They may ask the client for more, but not end it.
struct JobEvents {
  std::function<void(const actors::Accepted&)> on_accepted{};
  std::function<void(const actors::Queued&)> on_queued{};
  std::function<void(const actors::Frame&)> on_frame{};
  /// Each block once, in order, whatever happens to the connection.
  std::function<void(const actors::Committed&)> on_block{};
  /// The last call, exactly once: how the job ended (FinishReason::kError: with finished.error), or
  /// why the cluster did not take it, or why nothing more will be heard of it.
  std::function<void(const Result<actors::Finished>&)> on_end{};
};

/// A program's side of a cluster: submits jobs, follows them, and asks about the cluster.
///
/// Jobs and questions survive the connection: when another one comes up, questions are asked again,
/// and jobs go on after their last block, because their ids are the client's. If none comes up in
/// time, everything that waits ends with kUnavailable, as does what is asked later.
/// Everything is called and calls back on the control thread of `env`, which outlives this.
class Client {
 public:
  struct Options {
    Link::Options link{};
    std::chrono::milliseconds connect_timeout{5000};      ///< from construction
    std::chrono::milliseconds reconnect_timeout{30'000};  ///< from a loss to the next message
    std::string endpoint = "the gateway";                 ///< as errors name it
  };

  Client(Env env, Options options);
  ~Client();
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;

  /// What the transport has to tell; valid as long as this object.
  [[nodiscard]] TransportEvents transport_events() { return links_.transport_events(); }
  void bind(Transport& transport) { links_.bind(transport); }
  /// Why the last attempt to connect failed, in a sentence; part of the error if no attempt
  /// succeeds.
  void attempt_failed(const std::string& why) { last_attempt_ = why; }

  /// Why nothing that is asked is answered any more; nothing: it may be.
  [[nodiscard]] const std::optional<Error>& failure() const { return failure_; }

  /// Errors  kInvalidArgument: what no server would read, named; an id that another job of this
  ///         client has; kOverloaded: too much waits to be sent; kUnavailable: see above
  [[nodiscard]] Result<> submit(actors::Submit submit, JobEvents events);

  /// Follows a job that was submitted before, perhaps by another process: all its blocks, then its
  /// end. Errors: as submit
  [[nodiscard]] Result<> attach(actors::Attach attach, JobEvents events);

  /// The job ends, and its on_end says so; perhaps that it had ended already. A job that
  /// this client does not follow is ended too: `events` hear it.
  void cancel(JobId job, JobEvents events = {});

  /// The cluster's answer, or why there is none.
  void list(std::function<void(Result<actors::JobList>)> on_answer);
  void status(std::function<void(Result<actors::ClusterStatus>)> on_answer);

 private:
  struct Job {
    std::uint64_t number = 0;              // in the order in which they were asked for
    std::optional<actors::Submit> submit;  // neither: its end is all that was asked for
    std::optional<actors::Attach> attach;
    JobEvents events;
    bool is_accepted = false;  // and on_accepted was called
    bool is_cancelling = false;
    bool was_refused = false;  // for now; submitted again soon
    std::int32_t last_block = -1;
    StreamedAnswer answer;
    std::optional<Time> deadline;
    Time resume_until{};  // refusals that pass are not final before
  };
  template <typename Answer>
  using OnAnswer = std::function<void(Result<Answer>)>;
  using Question = std::variant<OnAnswer<actors::JobList>, OnAnswer<actors::ClusterStatus>>;

  void connected(PeerId peer);
  void lost(PeerId peer, DownReason reason, const std::string& why);
  void give_up_after(std::chrono::milliseconds timeout);
  void end_outage();
  void fail(const Error& error);

  bool take(actors::WireMessage message);
  void take_job_news(JobId id, actors::WireMessage& message);
  void end_job(JobId id, const Result<actors::Finished>& end);
  [[nodiscard]] static bool answers_only_a_cancel(const Job& job, const actors::Finished& end);
  [[nodiscard]] bool will_pass(const Job& job, const Error& error) const;
  template <typename Answer>
  void take_answer(Answer answer);
  void ask(Question question);

  [[nodiscard]] bool send(actors::WireMessage message);
  [[nodiscard]] Result<> follow(JobId id, Job job);
  [[nodiscard]] bool ask_for(JobId id);
  [[nodiscard]] bool ask(std::uint64_t number, const Question& question);
  void ask_for_everything();
  void ask_again_soon(JobId id);

  const Env env_;
  const Options options_;
  Links links_;
  std::optional<PeerId> peer_;
  std::optional<Error> failure_;
  std::string last_attempt_;   // why it failed; empty: it did not, or nobody said
  std::string last_loss_;      // why the last connection ended; empty: there was none
  TimerId give_up_timer_ = 0;  // until a message proves that the cluster is there
  TimerId ask_again_timer_ = 0;
  std::set<JobId> ask_again_;  // when it fires
  std::map<JobId, Job> jobs_;
  std::map<std::uint64_t, Question> questions_;
  std::uint64_t next_question_ = 1;
  std::uint64_t next_job_ = 1;
};

}  // namespace unmask::rpc
