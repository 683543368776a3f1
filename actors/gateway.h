#pragma once

#include <cstddef>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "actors/drain.h"
#include "actors/messages.h"
#include "actors/stop_finder.h"
#include "actors/text_service.h"
#include "runtime/actor.h"
#include "runtime/env.h"

namespace unmask {

/// A job's text as tokens, brought back to the gateway's mailbox.
struct Tokenized {
  PeerId client = 0;
  Submit submit;  ///< its input moved out
  std::uint64_t body_digest = 0;
  Result<TokenInput> input;
};
/// The link to the coordinator, told apart from the links to clients.
struct CoordinatorUp {
  PeerId peer = 0;
};
struct CoordinatorDown {
  PeerId peer = 0;
};

/// Validates what clients want, turns text into tokens and back, and streams answers.
///
/// Receives   Submit, Cancel, ListJobs, GetStatus from clients and their PeerDown; every answer of
///            the coordinator; Tokenized; Drain
/// Sends      Admit, Cancel, StopJob, ListJobs, GetStatus to the coordinator; answers to clients
/// Invariant  a client that watches a job gets each block once, in order, then exactly one
///            Finished or Rejected; what was sent is never contradicted
class Gateway final
    : public Actor<Gateway, Incoming<Submit>, Incoming<Cancel>, Incoming<ListJobs>,
                   Incoming<GetStatus>, PeerDown, Tokenized, CoordinatorUp, CoordinatorDown,
                   Incoming<Accepted>, Incoming<Queued>, Incoming<Committed>, Incoming<Frame>,
                   Incoming<Traced>, Incoming<Finished>, Incoming<Rejected>, Incoming<JobList>,
                   Incoming<ClusterStatus>, Drain> {
 public:
  struct Options {
    std::size_t max_jobs = 2048;            ///< not finished, over all clients
    std::size_t max_jobs_per_client = 256;  ///< not finished, of one connection
    std::size_t max_finished = 1024;        ///< results kept for a client that comes back
    std::string model;                      ///< name that Submit::model must have, if any
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
  void on(Drain drain);

 private:
  struct Watcher {
    PeerId client = 0;
    Watching watching;
    std::int32_t after_block = -1;  ///< the last block this client has
  };
  struct Job {
    Admit admit;  ///< kept: sent again when the coordinator comes back
    std::vector<Watcher> watchers;
    std::unique_ptr<TextStream> stream;
    StopFinder stop{{}};
    std::string text;  ///< everything sent
    std::optional<Accepted> accepted;
    std::vector<Committed> blocks;
    std::optional<Finished> finished;
  };

  [[nodiscard]] std::optional<Error> refusal(PeerId client, const Submit& submit) const;
  void attach(Job& job, PeerId client, const Submit& submit);
  void replay(const Job& job, const Watcher& watcher);
  void forget_old_results();
  void tell_if_drained();
  [[nodiscard]] Job* find(JobId id);
  template <typename Message>
  void tell_watchers(const Job& job, const Message& message);
  void reject(PeerId client, JobId job, Error error);
  void to_client(PeerId client, WireMessage message);
  [[nodiscard]] bool to_coordinator(WireMessage message);

  const Env env_;
  const Options options_;
  TextService& text_;
  const ActorRef<Outgoing> clients_;
  const ActorRef<Disconnect> disconnect_client_;
  const ActorRef<Outgoing> coordinator_wire_;
  std::optional<PeerId> coordinator_;
  std::map<JobId, Job> jobs_;
  std::map<JobId, PeerId> tokenizing_;
  std::deque<JobId> finished_;  ///< oldest first
  struct Question {
    PeerId client = 0;
    std::uint64_t request = 0;
  };
  std::map<std::uint64_t, Question> questions_;  ///< by the number the coordinator sees
  std::uint64_t next_question_ = 1;
  std::optional<Drain> drain_;  ///< nothing new is taken; emptied once it was answered
  bool is_draining_ = false;
};

}  // namespace unmask
