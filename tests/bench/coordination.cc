#include "tests/bench/coordination.h"

#include <algorithm>
#include <string>
#include <utility>

#include "actors/coordinator/coordinator.h"
#include "actors/coordinator/store/memory_job_store.h"
#include "rpc/codec/codec.h"
#include "runtime/base/check.h"
#include "runtime/simulation/testbed.h"

namespace unmask::bench {
namespace {

using actors::Incoming;
using actors::Outgoing;

constexpr int kNumSteps = 200;
constexpr PeerId kWorker = 1;
constexpr PeerId kGateway = 2;

/// A coordinator, a replica of one worker and nothing else; what is sent is encoded.
class Setting {
 public:
  Setting(int num_sequences, const Stopwatch& stopwatch)
      : stopwatch_(stopwatch),
        coordinator_(bed_.system().spawn<actors::Coordinator>(
            "coordinator", bed_.env(), options(num_sequences), std::ref<actors::JobStore>(store_),
            actors::Coordinator::Peers{wire(), broken_.ref(), disconnects_.ref()})) {
    for (int i = 0; i < num_sequences; ++i) deliver(Incoming<actors::Admit>{kGateway, job(i)});
    actors::ReplicaUp up{0, 1, {kWorker}, {}};
    up.capacity = {1 << 16, 16, 1 << 20, 1 << 16, 0, 0};
    deliver(std::move(up));
  }

  /// The worker's answer to the step before, and the step that follows it.
  Coordination step() {
    const Bytes answer = rpc::encode(answer_to(last_step()));
    encoding_ = 0;
    const double begin = stopwatch_.seconds();
    Result<actors::WireMessage> read = rpc::decode(type_, answer);
    UNMASK_CHECK(read);
    const double decoded = stopwatch_.seconds();
    deliver(Incoming<StepResult>{kWorker, std::get<StepResult>(std::move(*read))});
    const double end = stopwatch_.seconds();
    return {.num_sequences = 0,
            .seconds = end - begin,
            .encoding_seconds = decoded - begin + encoding_};
  }

 private:
  static actors::Coordinator::Options options(int num_sequences) {
    actors::Coordinator::Options options;
    options.model = {{.mask_id = 99, .eos_id = 98, .choosable_end = 100}, 100, 1 << 16};
    options.model_name = "script";
    options.max_running = std::size_t(num_sequences);
    return options;
  }

  static actors::Admit job(int number) {
    actors::Admit admit;
    admit.job.bytes[14] = std::uint8_t(number / 256);
    admit.job.bytes[15] = std::uint8_t(number % 256);
    admit.body_digest = std::uint64_t(number);
    admit.input.tokens.assign(64, 1);
    admit.parameters = {{"gen_length", "2048"}, {"block_length", "32"}, {"cache", "dual"}};
    return admit;
  }

  template <class Message>
  void deliver(Message message) {
    UNMASK_CHECK(coordinator_.ref<Message>().send(std::move(message)));
    bed_.settle();
  }

  ActorRef<Outgoing> wire() {
    return ActorRef<Outgoing>([this](const Outgoing& outgoing) {
      const double begin = stopwatch_.seconds();
      Bytes bytes = rpc::encode(outgoing.message);
      encoding_ += stopwatch_.seconds() - begin;
      if (std::holds_alternative<Step>(outgoing.message)) step_ = std::move(bytes);
      return true;
    });
  }

  [[nodiscard]] Step last_step() const {
    Result<actors::WireMessage> step = rpc::decode(rpc::type_of(Step{}), step_);
    UNMASK_CHECK(step);
    return std::get<Step>(std::move(*step));
  }

  /// All but the first hole are unsure.
  StepResult answer_to(const Step& step) {
    StepResult result;
    result.epoch = step.epoch;
    result.seq = step.seq;
    for (const SequenceStep& part : step.sequences) {
      SequenceResult& one = result.sequences.emplace_back();
      one.sequence = part.sequence;
      one.iteration = part.iteration;
      for (const Range range : part.window.decoded) {
        for (std::int32_t position = range.begin; position < range.end; ++position) {
          one.candidates.position.push_back(position);
          one.candidates.token.push_back(10 + position % 50);
          one.candidates.logit.push_back(-1.0f - 0.01f * float(position % 7));
          one.candidates.log_sum_exp.push_back(0);
        }
      }
    }
    return result;
  }

  const Stopwatch& stopwatch_;
  const rpc::MessageType type_ = rpc::type_of(StepResult{});
  Testbed bed_;
  actors::MemoryJobStore store_;
  Probe<actors::ReplicaBroken> broken_;
  Probe<actors::Disconnect> disconnects_;
  Bytes step_;
  double encoding_ = 0;
  ActorHandle<actors::Coordinator> coordinator_;
};

}  // namespace

std::vector<Coordination> measure_coordination(const Stopwatch& stopwatch) {
  std::vector<Coordination> all;
  for (const int num_sequences : {1, 8, 64, 256}) {
    Setting setting(num_sequences, stopwatch);
    std::vector<Coordination> steps;
    for (int i = 0; i < kNumSteps; ++i) steps.push_back(setting.step());
    const auto middle = steps.begin() + kNumSteps / 2;
    std::ranges::nth_element(steps, middle, {}, &Coordination::seconds);
    middle->num_sequences = num_sequences;
    all.push_back(*middle);
  }
  return all;
}

}  // namespace unmask::bench
