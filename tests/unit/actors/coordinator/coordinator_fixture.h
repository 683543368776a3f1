#pragma once

#include <gmock/gmock.h>

#include <cmath>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "actors/coordinator/coordinator.h"
#include "actors/coordinator/store/memory_job_store.h"
#include "runtime/simulation/testbed.h"
#include "tests/unit/actors/sent.h"

namespace unmask::actors {

using namespace std::chrono_literals;
using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

inline constexpr PeerId kGateway = 1, kOtherGateway = 2;
inline constexpr std::int32_t kMask = 99, kEos = 98, kVocabulary = 100;

/// A coordinator between probes; the test is the gateways, the workers and Membership.
class CoordinatorFixture : public testing::Test {
 protected:
  CoordinatorFixture() {
    options.model = {
        {.mask_id = kMask, .eos_id = kEos, .choosable_end = kVocabulary}, kVocabulary, 1000};
    options.model_name = "tiny";
  }

  void start() {
    coordinator.emplace(bed.system().spawn<Coordinator>(
        "coordinator", bed.env(), options, std::ref<JobStore>(*store),
        Coordinator::Peers{wire.ref(), broken.ref(), disconnects.ref()}));
  }

  template <typename Message>
  void deliver(Message message) {
    if (!coordinator) start();
    ASSERT_TRUE(coordinator->ref<Message>().send(std::move(message)));
    bed.settle();
  }
  template <typename Message>
  void deliver(PeerId from, Message message) {
    deliver(Incoming<Message>{from, std::move(message)});
  }

  /// A prompt of two tokens and `gen_length` holes, two of them a block, decided in one forward;
  /// with a cache, that it needs pages.
  static Admit job(int number, std::int32_t gen_length = 4) {
    Admit admit;
    admit.job = job_id(number);
    admit.body_digest = std::uint64_t(number);
    admit.input.tokens = {1, 2};
    admit.parameters = {
        {"gen_length", std::to_string(gen_length)}, {"block_length", "2"}, {"cache", "prefix"}};
    return admit;
  }

  static PeerId worker(int replica, int rank) { return PeerId(100 + 10 * replica + rank); }

  void replica_up(int replica, Epoch epoch, int num_workers = 1,
                  Capacity capacity = {100, 16, 400, 400, 0, 0, 0}) {
    ReplicaUp up{replica, epoch, {}, capacity};
    for (int rank = 0; rank < num_workers; ++rank) up.workers.push_back(worker(replica, rank));
    deliver(std::move(up));
  }

  std::vector<Step> steps(int replica = 0, int rank = 0) const {
    return sent_to<Step>(wire, worker(replica, rank));
  }
  Step last_step(int replica = 0) const { return last_to<Step>(wire, worker(replica, 0)); }

  /// Token 10 + p at position p, all surely.
  static StepResult answer(const Step& step) {
    StepResult result;
    result.epoch = step.epoch;
    result.seq = step.seq;
    result.digest = 7;
    for (const SequenceStep& part : step.sequences) {
      SequenceResult& one = result.sequences.emplace_back();
      one.sequence = part.sequence;
      one.iteration = part.iteration;
      for (const Range range : part.window.decoded) {
        for (std::int32_t p = range.begin; p < range.end; ++p) {
          one.candidates.position.push_back(p);
          one.candidates.token.push_back(10 + p);
          one.candidates.logit.push_back(-0.01f);
          one.candidates.log_sum_exp.push_back(0);
        }
      }
    }
    return result;
  }

  /// The worker of `replica`, alone in it, answers its last step.
  void finish_step(int replica = 0) { deliver(worker(replica, 0), answer(last_step(replica))); }

  template <typename Message>
  std::vector<Message> to_gateway(PeerId gateway = kGateway) const {
    return sent_to<Message>(wire, gateway);
  }
  Finished finished(int number, PeerId gateway = kGateway) const {
    for (const Finished& end : to_gateway<Finished>(gateway)) {
      if (end.job == job_id(number)) return end;
    }
    ADD_FAILURE() << "job " << number << " did not end";
    return {};
  }
  std::string rejection(PeerId gateway = kGateway) const {
    return last_to<Rejected>(wire, gateway).error.message;
  }

  Testbed bed;
  Coordinator::Options options;
  std::unique_ptr<JobStore> store = std::make_unique<MemoryJobStore>();
  Probe<Outgoing> wire;
  Probe<ReplicaBroken> broken;
  Probe<Disconnect> disconnects;
  std::optional<ActorHandle<Coordinator>> coordinator;
};

}  // namespace unmask::actors
