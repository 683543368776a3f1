#pragma once

#include <cstddef>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "actors/coordinator/coordinator_probe.h"
#include "actors/coordinator/job_queue.h"
#include "actors/coordinator/replica.h"
#include "actors/coordinator/running_job.h"
#include "actors/coordinator/store/job_store.h"
#include "actors/drain.h"
#include "actors/messages.h"
#include "runtime/actor/actor.h"
#include "runtime/actor/env.h"

namespace unmask::actors {

/// The earliest deadline of all jobs passed.
struct DeadlineTick {};
/// A step's answer did not come in time.
struct StepExpired {
  std::int32_t replica = 0;
  Epoch epoch = 0;
  std::uint64_t seq = 0;
};

/// Nobody may have come back for a job since then.
struct Orphaned {
  JobId job;
  Time since{};
};

/// Runs the diffusion loop of every job: canvases, strategies, batches.
///
/// Receives   Admit, Cancel, StopJob, ListJobs, GetStatus from gateways; StepResult from workers;
///            ReplicaUp, ReplicaDown, MembersChanged from Membership; DeadlineTick, StepExpired,
///            Orphaned; Drain
/// Sends      Step to workers; Accepted, Queued, Committed, Frame, Traced, Finished, Rejected,
///            JobList, ClusterStatus to gateways; ReplicaBroken to Membership; Disconnect for a
///            gateway that does not read
/// Invariant  at most one Step is in flight per replica, never for an empty batch; the pages of the
///            jobs on a replica never exceed its capacity; a job, a block and an end are in the job
///            store before anybody hears of them; every accepted job ends in exactly one Finished,
///            also when this actor was started again: what the store has is run again; a job whose
///            workers are lost goes on from its last block border on others
class Coordinator final : public Actor<Coordinator, Incoming<Admit>, Incoming<Cancel>,
                                       Incoming<StopJob>, Incoming<ListJobs>, Incoming<GetStatus>,
                                       Incoming<StepResult>, PeerDown, ReplicaUp, ReplicaDown,
                                       MembersChanged, DeadlineTick, StepExpired, Orphaned, Drain> {
 public:
  struct Options {
    JobModel model;
    std::string model_name;
    std::string version;
    std::size_t max_waiting = 1024;  ///< beyond this a job is refused with kOverloaded
    std::size_t max_running = 256;   ///< jobs in one replica's batch
    std::int32_t burst = 1;          ///< forwards that workers may make without being asked
    std::chrono::milliseconds step_timeout{30'000};
    std::chrono::milliseconds client_grace{30'000};  ///< then a job without a gateway is cancelled
  };
  struct Peers {
    ActorRef<Outgoing> wire;
    ActorRef<ReplicaBroken> replica_broken;
    ActorRef<Disconnect> disconnect;
  };

  Coordinator(ActorContext& context, Env env, Options options, JobStore& store, Peers peers);

  void on(Incoming<Admit> admit);
  void on(Incoming<Cancel> cancel);
  void on(Incoming<StopJob> stop);
  void on(Incoming<ListJobs> list);
  void on(Incoming<GetStatus> get);
  void on(Incoming<StepResult> result);
  void on(PeerDown down);
  void on(ReplicaUp up);
  void on(ReplicaDown down);
  void on(MembersChanged changed);
  void on(DeadlineTick tick);
  void on(StepExpired expired);
  void on(Orphaned orphaned);
  void on(Drain drain);

 private:
  void recover();
  void resend(PeerId gateway, const Admit& admit);
  [[nodiscard]] std::optional<Error> admission_error(const Result<RunningJob>& made) const;
  void accept(JobId id, const Result<>& stored);
  void open(RunningJob& job);
  void end_unless_wanted(RunningJob& job);
  void schedule();
  void place_waiting();
  void start_step(Replica& replica);
  bool finish_step(Replica& replica);
  void arm_step_timer(Replica& replica);
  void follow_burst(Replica& replica, const StepInFlight& last);
  void end_burst(Replica& replica);
  void end_replica(std::int32_t index, const std::string& reason);
  void take_back(RunningJob& job, bool was_computed, const std::string& reason);
  [[nodiscard]] bool rewind(RunningJob& job);
  /// Whether workers may go on with the job by themselves.
  bool apply(RunningJob& job, const SequenceResult& result);
  void publish_progress(RunningJob& job, Range block, const diffusion::Applied& applied,
                        const CandidateColumns& candidates);
  void commit(RunningJob& job, Range positions);
  [[nodiscard]] bool replays(RunningJob& job, const Committed& block);
  void finish(JobId id, FinishReason reason, std::optional<Error> error = std::nullopt);
  void take_stored(const Committed& block, const Result<>& stored);
  void store_end(const RunningJob& job);
  void settle(Finished finished, const Result<>& stored);
  void log_end(const RunningJob& job, const Finished& finished) const;
  void arm_deadline_timer();
  void publish_queue_places();
  void notify_if_drained();
  void publish_load();
  [[nodiscard]] std::size_t num_running() const;
  [[nodiscard]] RunningJob* find(JobId id);
  [[nodiscard]] JobStore::Done once_stored(std::function<void(const Result<>&)> handle);
  void to_gateways(const RunningJob& job, const WireMessage& message);
  void to_gateway(PeerId gateway, WireMessage message);

  const Env env_;
  const Options options_;
  JobStore& store_;
  const Peers peers_;
  CoordinatorProbe probe_;
  std::map<JobId, RunningJob> jobs_;          ///< not finished, or their end is not stored yet
  JobQueue waiting_;                          ///< in jobs_
  std::map<std::int32_t, Replica> replicas_;  ///< those that are up
  MembersChanged members_;
  SequenceId next_sequence_ = 1;
  std::size_t num_storing_ = 0;                 ///< of jobs_
  std::size_t num_ending_ = 0;                  ///< of jobs_
  std::set<std::pair<Time, JobId>> deadlines_;  ///< of open jobs
  std::optional<TimerId> deadline_timer_;
  Time armed_deadline_{};       ///< when deadline_timer_ fires
  std::optional<Drain> drain_;  ///< emptied once it was answered
  bool is_draining_ = false;
  /// Gone with this actor: what the store answers later is then for nobody.
  const std::shared_ptr<const bool> is_alive_ = std::make_shared<const bool>(true);
};

}  // namespace unmask::actors
