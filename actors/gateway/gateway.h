#pragma once

#include <cstddef>
#include <deque>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <variant>

#include "actors/drain.h"
#include "actors/finished_jobs.h"
#include "actors/gateway/client_jobs.h"
#include "actors/gateway/coordinator_link.h"
#include "actors/gateway/gateway_job.h"
#include "actors/gateway/pending_cancels.h"
#include "actors/gateway/pending_queries.h"
#include "actors/gateway/text_service.h"
#include "actors/gateway/vllm_counters.h"
#include "actors/messages.h"
#include "actors/rejections.h"
#include "runtime/actor/actor.h"
#include "runtime/actor/env.h"

namespace unmask::actors {

/// A job's text as tokens, brought back to the gateway's mailbox.
struct Tokenized {
  Submit submit;  ///< its input moved out
  std::uint64_t body_digest = 0;
  Result<TokenInput> input;
};
/// The link to the coordinator, kept apart from the links to clients.
struct CoordinatorUp {
  PeerId peer = 0;
};
struct CoordinatorDown {
  PeerId peer = 0;
};
/// Time to send again what the coordinator had no room for, and to give up on lost tokenizers.
struct GatewayTick {};

/// No client may have come back for a job since then.
struct Abandoned {
  JobId job;
  Time since{};
};

/// Validates what clients want, turns text into tokens and back, and streams answers.
///
/// Receives   Submit, Attach, Cancel, ListJobs, GetStatus from clients and their PeerDown; every
///            answer of the coordinator; Tokenized; its own ticks; Drain
/// Sends      Admit, Cancel, StopJob, ListJobs, GetStatus to the coordinator; answers to clients;
///            Disconnect for a client that does not read
/// Invariant  a client that watches a job gets each block once, in order, then exactly one
///            Finished or Rejected; what was sent is never contradicted
class Gateway final
    : public Actor<Gateway, Incoming<Submit>, Incoming<Cancel>, Incoming<ListJobs>,
                   Incoming<GetStatus>, PeerDown, Tokenized, CoordinatorUp, CoordinatorDown,
                   Incoming<Accepted>, Incoming<Queued>, Incoming<Committed>, Incoming<Frame>,
                   Incoming<Traced>, Incoming<Finished>, Incoming<Rejected>, Incoming<JobList>,
                   Incoming<ClusterStatus>, Incoming<Attach>, GatewayTick, Abandoned, Drain> {
 public:
  struct Options {
    std::size_t max_jobs = 2048;                     ///< not finished, over all clients
    std::size_t max_jobs_per_client = 256;           ///< not finished, of one connection
    std::chrono::milliseconds client_grace{30'000};  ///< then a job without a client is cancelled
    FinishedJobs::Limits finished{1024, 256 << 20};  ///< results kept for clients that come back
    std::string model;                               ///< name that Submit::model must have, if any
    /// Who a client is that is connected. None: all are one.
    std::function<Requester(PeerId)> requester_of;
  };

  Gateway(ActorContext& context, Env env, Options options, TextService& text,
          ActorRef<Outgoing> clients, ActorRef<Disconnect> disconnect_client,
          ActorRef<Outgoing> coordinator);

  void on(Incoming<Submit> submit);
  void on(Incoming<Cancel> cancel);
  void on(Incoming<ListJobs> list);
  void on(Incoming<GetStatus> get);
  void on(PeerDown down);
  void on(Tokenized tokenized);
  void on(CoordinatorUp up);
  void on(CoordinatorDown down);
  void on(Incoming<Accepted> accepted);
  void on(Incoming<Queued> queued);
  void on(Incoming<Committed> committed);
  void on(Incoming<Frame> frame);
  void on(Incoming<Traced> traced);
  void on(Incoming<Finished> finished);
  void on(Incoming<Rejected> rejected);
  void on(Incoming<JobList> list);
  void on(Incoming<ClusterStatus> status);
  void on(GatewayTick tick);
  void on(Incoming<Attach> attach);
  void on(Abandoned abandoned);
  void on(Drain drain);

 private:
  /// A job whose text is on its way to be tokens.
  struct Tokenizing {
    Requester requester;
    std::uint64_t body_digest = 0;
    Time since{};
    std::optional<Time> deadline;
    Subscribers subscribers;
  };
  using Job = GatewayJob;
  /// A job is one or the other, and never the first again.
  using JobState = std::variant<Tokenizing, Job>;

  [[nodiscard]] Requester requester_of(PeerId client) const;
  [[nodiscard]] std::optional<Error> rejection(PeerId client, const Submit& submit) const;
  [[nodiscard]] bool add(Subscribers& subscribers, JobId id, Subscriber& subscriber);
  void let_go(const Subscribers& subscribers, JobId id);
  void attach(Job& job, PeerId client, const Attach& wanted);
  void end_unless_wanted(Job& job);
  void end(Job& job, Finished finished);
  void reject(JobId id, const Subscribers& subscribers, const Error& error);
  void count_and_reject(PeerId client, JobId id, Error error);
  void count_and_reject(JobId id, const Subscribers& subscribers, const Error& error);
  template <typename End>
  void notify_cancelled(const End& end, const Subscribers& notified);
  void notify_if_drained();
  [[nodiscard]] std::size_t num_unfinished() const;
  [[nodiscard]] Job* find(JobId id) { return find_as<Job>(id); }
  template <typename State>
  [[nodiscard]] State* find_as(JobId id) {
    const auto found = jobs_.find(id);
    return found == jobs_.end() ? nullptr : std::get_if<State>(&found->second);
  }
  template <typename Message>
  void notify(const Subscribers& subscribers, const Message& message);
  void reject(PeerId client, JobId job, Error error);
  template <typename Ask>
  void ask(const PendingQueries::Query& query, Ask question);
  void to_client(PeerId client, WireMessage message);
  void to_client(Outgoing outgoing);
  [[nodiscard]] bool send_pending(const Job& job);
  void send_later(Job& job);
  void send_what_waits();
  void schedule_tick();

  const Env env_;
  const Options options_;
  TextService& text_;
  const ActorRef<Outgoing> clients_;
  const ActorRef<Disconnect> disconnect_client_;
  CoordinatorLink coordinator_;
  std::map<JobId, JobState> jobs_;
  ClientJobs client_jobs_;  ///< in jobs_
  FinishedJobs finished_;   ///< in jobs_
  Rejections rejections_;
  VllmCounters vllm_counters_;
  std::deque<JobId> unsent_;  ///< jobs of which the coordinator has yet to hear
  bool has_timer_ = false;    ///< a GatewayTick comes
  PendingQueries pending_queries_;
  PendingCancels pending_cancels_;
  std::optional<Drain> drain_;  ///< emptied once it was answered
  bool is_draining_ = false;
};

}  // namespace unmask::actors
