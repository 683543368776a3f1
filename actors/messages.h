/// What actors say to each other, inside a process and between processes. Values only; rpc/ knows
/// how each of them travels.

#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "model/step.h"
#include "model/tokenizer/chat.h"
#include "runtime/base/bytes.h"
#include "runtime/base/ids.h"
#include "runtime/base/result.h"
#include "runtime/transport.h"

namespace unmask {

// ---- Jobs: client -> gateway -> coordinator ----

/// A job parameter as the user wrote it; names, ranges and defaults: model/diffusion/job_params.h.
struct Parameter {
  std::string name;
  std::string value;

  bool operator==(const Parameter&) const = default;
};

/// One user message, or plain text without a template if `raw`.
struct TextInput {
  std::string text;
  bool raw = false;
};
struct ChatInput {
  std::vector<ChatMessage> messages;
};
/// Tokens as they are. Without holes, gen_length holes follow them; with holes, the tokens there
/// are ignored (infilling).
struct TokenInput {
  std::vector<std::int32_t> tokens;
  Ranges holes;
};
using JobInput = std::variant<TextInput, ChatInput, TokenInput>;

/// What a client wants beside the result.
struct Watching {
  bool blocks = true;   ///< Committed, as blocks finish
  bool frames = false;  ///< Frame at every iteration, lossy
  bool trace = false;   ///< Traced at every iteration, never lossy
};

/// Asks the gateway for a job. The same id again, with the same body, is the same job: its stream
/// goes on after block `resume_after_block`.
struct Submit {
  JobId job;
  std::string model;  ///< empty: the one that is served
  JobInput input;
  std::vector<Parameter> parameters;
  std::vector<std::string> stop;
  std::chrono::milliseconds deadline{0};  ///< remaining; 0: none
  Watching watching;
  std::int32_t resume_after_block = -1;
};

/// The gateway's order to the coordinator: validated, tokenized.
struct Admit {
  JobId job;
  std::uint64_t body_digest = 0;  ///< tells a resend from another job with the same id
  TokenInput input;
  std::vector<Parameter> parameters;
  std::chrono::milliseconds deadline{0};
  Watching watching;
  std::int32_t resume_after_block = -1;
};

struct Cancel {
  JobId job;
};

/// A stop string was found by the gateway: the job ends as if at EOS.
struct StopJob {
  JobId job;
};

// ---- Answers: coordinator -> gateway -> client ----

struct Accepted {
  JobId job;
  bool is_resend = false;
  std::int32_t prompt_tokens = 0;
  std::int32_t canvas_length = 0;
};

/// Sent while the job waits, whenever its place changes.
struct Queued {
  JobId job;
  std::int32_t place = 0;  ///< 1: next
  std::string reason;
};

/// A finished block: final, and sent once.
struct Committed {
  JobId job;
  std::int32_t block = 0;  ///< counted from 0 over the job
  Range positions;
  std::vector<std::int32_t> tokens;
  std::string text;  ///< set by the gateway
};

/// What changed on the canvas in one iteration: provisional, may be lost.
struct Frame {
  struct Change {
    std::int32_t position = 0;
    std::int32_t token = 0;  ///< -1: a hole again
    float confidence = 0;
    std::string text;  ///< set by the gateway
  };

  JobId job;
  std::int32_t block = 0;
  std::int32_t iteration = 0;
  Range positions;             ///< of the block
  std::int32_t num_holes = 0;  ///< left in the block
  std::vector<Change> changes;
};

/// One forward, seen by one sequence: everything a trace file says of it.
struct Traced {
  struct Edit {
    std::int32_t position = 0;
    std::int32_t token = 0;  ///< -1: a hole again
  };

  JobId job;
  Range block;
  SequenceStep step;
  CandidateColumns candidates;
  std::vector<Edit> edits;
  std::optional<Range> eos_fill;
};

enum class FinishReason : std::uint8_t { kStop, kLength, kCancelled, kDeadline, kError };

/// As clients and metrics see it: stop, length, cancelled, deadline, error.
constexpr std::string_view name_of(FinishReason reason) {
  constexpr std::string_view kNames[] = {"stop", "length", "cancelled", "deadline", "error"};
  return kNames[std::size_t(reason)];
}

/// Of one job; what counts as a token and as a forward: model/diffusion/figures.h.
struct JobFigures {
  std::int32_t tokens = 0;
  std::int32_t forwards = 0;
  std::int32_t prompt_tokens = 0;
  std::int32_t blocks = 0;
  std::chrono::microseconds queue_time{0};
  std::chrono::microseconds time_to_first_block{0};  ///< from acceptance
  std::chrono::microseconds duration{0};             ///< from acceptance
};

/// The end of a job: exactly one per job and watching client, and again as the answer to a Cancel
/// that comes behind it.
struct Finished {
  JobId job;
  FinishReason reason = FinishReason::kStop;
  std::optional<Error> error;        ///< if kError
  std::vector<std::int32_t> tokens;  ///< generated, cut as the job's compat preset says
  std::vector<std::int32_t> canvas;  ///< raw, only for traced jobs
  std::string text;                  ///< set by the gateway
  JobFigures figures;
};

/// The job was never accepted.
struct Rejected {
  JobId job;
  Error error;
};

// ---- Questions of clients ----

struct ListJobs {
  std::uint64_t request = 0;
};
struct JobSummary {
  enum class State : std::uint8_t { kQueued, kRunning, kFinished };

  JobId job;
  State state = State::kQueued;
  std::int32_t tokens = 0;
  std::int32_t forwards = 0;
  std::int32_t block = 0;
  std::int32_t num_blocks = 0;
  std::chrono::milliseconds age{0};
  std::string outcome;  ///< if finished
};
constexpr std::string_view name_of(JobSummary::State state) {
  constexpr std::string_view kNames[] = {"queued", "running", "finished"};
  return kNames[std::size_t(state)];
}
struct JobList {
  std::uint64_t request = 0;
  std::vector<JobSummary> jobs;
  std::optional<Error> error;  ///< instead of jobs
};

enum class Role : std::uint8_t { kCoordinator, kGateway, kWorker };

constexpr std::string_view name_of(Role role) {
  constexpr std::string_view kNames[] = {"coordinator", "gateway", "worker"};
  return kNames[std::size_t(role)];
}

struct MemberStatus {
  Role role = Role::kWorker;
  std::int32_t replica = 0;
  std::int32_t rank = 0;
  std::int64_t pid = 0;
  std::string host;
  std::string http;    ///< http://host:port, or empty
  std::string state;   ///< loading, joining, ready, dead
  std::string phase;   ///< of loading
  float progress = 0;  ///< of the phase, 0 to 1
};
struct GetStatus {
  std::uint64_t request = 0;
};
struct ClusterStatus {
  std::uint64_t request = 0;
  std::string version;
  std::string model;
  Epoch epoch = 0;
  bool is_ready = false;
  std::int32_t jobs_running = 0;
  std::int32_t jobs_waiting = 0;
  std::int64_t kv_pages_used = 0;
  std::int64_t kv_pages_total = 0;
  std::string durability;  ///< what a coordinator restart loses
  std::vector<MemberStatus> members;
  std::optional<Error> error;  ///< instead of all but the request
};

// ---- Membership: every process <-> coordinator ----

/// What one worker can hold; the least of a replica counts.
struct Capacity {
  std::int64_t num_kv_pages = 0;
  std::int32_t page_size = 0;  ///< positions
  std::int32_t max_rows_per_step = 0;
  std::int32_t max_positions = 0;  ///< of one canvas
  std::int64_t weight_bytes = 0;
  std::int64_t kv_bytes = 0;
};

/// The first message of a process that wants to belong; again after it lost the coordinator.
struct Join {
  Role role = Role::kWorker;
  std::int32_t replica = 0;
  std::int32_t rank = 0;
  Incarnation incarnation = 0;
  std::int64_t pid = 0;
  std::string host;
  std::string http;
  std::uint64_t model_digest = 0;
  std::string numerics;  ///< exact or fast, dtype; all workers of a cluster agree
  Capacity capacity;
};
struct Welcome {
  Epoch epoch = 0;
  std::chrono::milliseconds heartbeat_interval{250};
};
/// The process may not belong, and exits with this reason.
struct Refused {
  Error error;
};
/// Progress of what a process does before it can join.
struct Loading {
  Role role = Role::kWorker;
  std::int32_t replica = 0;
  std::int32_t rank = 0;
  std::int64_t pid = 0;
  std::string host;
  std::string http;
  std::string phase;
  std::int64_t done = 0;
  std::int64_t total = 0;
};
struct Heartbeat {
  std::uint64_t beat = 0;
};
struct HeartbeatAck {
  std::uint64_t beat = 0;
};

// ---- Groups: coordinator <-> workers of one replica ----

/// Be rank `rank` of `size` in a new collective; leave any older one.
struct FormGroup {
  Epoch epoch = 0;
  std::int32_t replica = 0;
  std::int32_t rank = 0;
  std::int32_t size = 1;
};
/// How others reach this rank's collective, opaque to the coordinator.
struct GroupAddress {
  Epoch epoch = 0;
  std::int32_t rank = 0;
  Bytes address;
};
struct GroupAddresses {
  Epoch epoch = 0;
  std::vector<Bytes> addresses;  ///< by rank
};
/// One real collective succeeded.
struct GroupReady {
  Epoch epoch = 0;
  std::int32_t rank = 0;
};
/// The epoch is over: abort its collective and what runs in it.
struct LeaveGroup {
  Epoch epoch = 0;
  std::string reason;
};
/// The group's collective or device broke: the epoch is over.
struct GroupFailed {
  Epoch epoch = 0;
  std::int32_t rank = 0;
  Error error;
};

/// All logits of one forward without a cache, for tools. Rank 0 answers with Inspected rows, one
/// piece at a time.
struct Inspect {
  Epoch epoch = 0;
  std::uint64_t request = 0;
  std::vector<std::int32_t> tokens;
  std::int32_t causal_block_length = 0;
  bool wants_hidden = false;
};
/// Rows [first_row, ...) of one tensor of a forward: float32, or int32 bit patterns.
struct Inspected {
  std::uint64_t request = 0;
  std::string tensor;  ///< as in the golden files: logits, hidden_0, router_ids_0, ...
  bool is_integer = false;
  std::int32_t first_row = 0;
  std::int32_t num_rows = 0;  ///< of the whole tensor
  std::int32_t num_cols = 0;
  std::vector<std::uint32_t> data;
  bool is_last = false;        ///< of the whole answer
  std::optional<Error> error;  ///< instead of rows
};
/// A piece was taken, and there is room for the next one.
struct InspectMore {
  Epoch epoch = 0;
};

/// Everything that may travel between processes.
using WireMessage =
    std::variant<Submit, Admit, Cancel, StopJob, Accepted, Queued, Committed, Frame, Traced,
                 Finished, Rejected, ListJobs, JobList, GetStatus, ClusterStatus, Join, Welcome,
                 Refused, Loading, Heartbeat, HeartbeatAck, FormGroup, GroupAddress, GroupAddresses,
                 GroupReady, LeaveGroup, GroupFailed, Step, StepResult, Inspect, Inspected,
                 InspectMore>;

/// To another process.
struct Outgoing {
  PeerId to = 0;
  WireMessage message;
};

/// From another process.
template <typename Message>
struct Incoming {
  PeerId from = 0;
  Message message;
};

/// A connection came up, or is gone for good.
struct PeerUp {
  PeerId peer = 0;
};
struct PeerDown {
  PeerId peer = 0;
  DownReason reason = DownReason::kClosed;
};

/// Close the connection: the peer broke the protocol or was declared dead.
struct Disconnect {
  PeerId peer = 0;
  DownReason reason = DownReason::kProtocol;
};

// ---- Inside the coordinator's process ----

/// A replica can run steps: its group is formed.
struct ReplicaUp {
  std::int32_t replica = 0;
  Epoch epoch = 0;
  std::vector<PeerId> workers;  ///< by rank
  Capacity capacity;            ///< the least of all ranks
};
/// Steps of `epoch` are void; the group forms again when all its workers are back.
struct ReplicaDown {
  std::int32_t replica = 0;
  Epoch epoch = 0;
  std::string reason;
};
/// The coordinator found that a replica's answers cannot be trusted, or do not come.
struct ReplicaBroken {
  std::int32_t replica = 0;
  Epoch epoch = 0;
  std::vector<PeerId> silent;  ///< workers that did not answer; empty: all did
  std::string reason;
};
/// For `status` and metrics.
struct MembersChanged {
  Epoch epoch = 0;
  std::vector<MemberStatus> members;
};

}  // namespace unmask
