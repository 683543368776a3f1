/// What is said of jobs: by clients to a gateway, by it to the coordinator, and back.

#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "model/diffusion/hole_rules.h"
#include "model/diffusion/named_value.h"
#include "model/infilling/template.h"
#include "model/step.h"
#include "model/tokenizer/chat.h"
#include "runtime/base/ids.h"
#include "runtime/base/result.h"

namespace unmask::actors {

// ---- Client -> gateway -> coordinator ----

/// Who asks for something. The gateway says so; what clients say of themselves counts for nothing.
struct Requester {
  std::string key;            ///< the public key of the client's connection; empty without CURVE
  std::uint64_t process = 0;  ///< tells clients without a key apart, for fair shares
  bool is_operator = false;   ///< may see and cancel the jobs of all

  /// Jobs belong to the key they came with. Clients without a key are one.
  [[nodiscard]] bool owns(const Requester& job) const { return is_operator || key == job.key; }
  /// As people see it: a key, or a short number.
  [[nodiscard]] std::string name() const;

  bool operator==(const Requester&) const = default;
};

/// Names, ranges and defaults: model/diffusion/job_params.h.
using Parameter = diffusion::NamedValue;

/// One user message, or plain text without a template if `raw`.
struct TextInput {
  std::string text;
  bool raw = false;
  /// Of a raw text: the model's control tokens in it are tokens. Whoever asks decides; else they
  /// stay text, so that what others wrote cannot forge a turn.
  bool special_tokens = false;
};
struct ChatInput {
  std::vector<tokenizer::ChatMessage> messages;
};
/// Tokens as they are. Without holes, gen_length holes follow them; with holes, the tokens there
/// are ignored (infilling).
struct TokenInput {
  std::vector<std::int32_t> tokens;
  Ranges holes;
  diffusion::HoleRules rules{};  ///< for the holes; empty: any token may stand there
};
/// A text with holes, which is answered as a whole once they are filled.
struct TemplateInput {
  std::vector<tokenizer::ChatMessage> messages;  ///< that it answers; none: a text of its own
  std::string text;
  infilling::Format format = infilling::Format::kText;
};
using JobInput = std::variant<TextInput, ChatInput, TokenInput, TemplateInput>;

/// What a client wants beside the result.
struct Subscription {
  bool blocks = true;     ///< Committed, as blocks finish
  bool frames = false;    ///< Frame at every iteration, lossy
  bool trace = false;     ///< Traced at every iteration, never lossy
  bool logprobs = false;  ///< Committed::logprobs, if wanted when the job is submitted
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
  Subscription subscription;
  std::int32_t resume_after_block = -1;
  bool is_detached = false;   ///< goes on without its client
  std::int32_t priority = 0;  ///< of waiting jobs the highest is next; at most kMaxPriority
};
inline constexpr std::int32_t kMaxPriority = 10;  ///< and -10 at least
/// Of every job, wherever it comes from; rpc/protocol.capnp tells it clients in other languages.
inline constexpr std::chrono::milliseconds kMaxDeadline = std::chrono::hours(1);

/// Asks for what a job that was submitted before has said and will say, after block
/// `resume_after_block`.
struct Attach {
  JobId job;
  Subscription subscription;
  std::int32_t resume_after_block = -1;
};

/// The gateway's order to the coordinator: validated, tokenized.
struct Admit {
  JobId job;
  Requester requester;
  std::uint64_t body_digest = 0;  ///< tells a resend from another job with the same id
  TokenInput input;
  std::vector<Parameter> parameters;
  std::chrono::milliseconds deadline{0};
  Subscription subscription;
  std::int32_t resume_after_block = -1;
  bool is_detached = false;
  std::int32_t priority = 0;
};

struct Cancel {
  JobId job;
  Requester requester{};
};

/// A stop string was found by the gateway: the job ends as if at EOS.
struct StopJob {
  JobId job;
};

// ---- Coordinator -> gateway -> client ----

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
  Ranges places{};   ///< where `tokens` stand on the canvas
  /// Of each token, if subscribed: log_softmax of the logits when it was last decided on, never
  /// above 0; kNoLogprob: nobody was asked for it.
  std::vector<float> logprobs{};
};
inline constexpr float kNoLogprob = 1;

/// The running block as one iteration left it: provisional, may be lost.
struct Frame {
  struct Cell {
    std::int32_t token = -1;      ///< -1: a hole without a guess
    bool is_guess = false;        ///< a hole, for which this token is the best so far
    float confidence = kUnknown;  ///< 0 to 1, of that token
    std::string text{};           ///< set by the gateway
  };
  static constexpr float kUnknown = -1;
  static constexpr std::int32_t kMaxCells = 8192;

  JobId job;
  std::int32_t block = 0;
  std::int32_t iteration = 0;
  Range positions;             ///< of the block
  std::int32_t num_holes = 0;  ///< left in the block
  std::vector<Cell> cells;     ///< of its positions in order, the first kMaxCells
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

/// The job was ended before its time: its answer is what was committed by then.
constexpr bool is_early(FinishReason reason) {
  return reason != FinishReason::kStop && reason != FinishReason::kLength;
}

/// Of one job; what counts as a token and as a forward: model/diffusion/figures.h.
struct JobFigures {
  std::int32_t tokens = 0;
  std::int32_t forwards = 0;
  std::int32_t prompt_tokens = 0;
  std::int32_t blocks = 0;  ///< that the answer has
  std::chrono::microseconds queue_time{0};
  std::chrono::microseconds time_to_first_block{0};  ///< from acceptance
  std::chrono::microseconds duration{0};             ///< from acceptance
};

/// Of the text of one job, as far as clients take it.
inline constexpr std::size_t kMaxAnswerBytes = 2 << 20;

/// What was filled into one hole of a template.
struct Fill {
  std::string name;
  Range positions;
  std::string text;

  bool operator==(const Fill&) const = default;
};

/// The end of a job: exactly one per job and subscribed client, and again as the answer to a
/// Cancel that comes behind it.
struct Finished {
  JobId job;
  FinishReason reason = FinishReason::kStop;
  std::optional<Error> error;        ///< if kError
  std::vector<std::int32_t> tokens;  ///< generated, cut as the job's compat preset says
  std::vector<std::int32_t> canvas;  ///< raw, only for traced jobs
  std::string text;                  ///< set by the gateway
  JobFigures figures;
  std::vector<Fill> fills{};  ///< of a template's holes, in order; set by the gateway
};

/// The job was never accepted.
struct Rejected {
  JobId job;
  Error error;
};

}  // namespace unmask::actors
