#include "tests/simulation/group_device.h"

#include <algorithm>
#include <utility>

#include "model/diffusion/burst.h"

namespace unmask::simulation {
namespace {

constexpr Duration kLookAgain = std::chrono::milliseconds(20);  // at a partition or a stall
constexpr std::uint64_t kConnect = 0;                           // the meeting before the first step

}  // namespace

/// One life of one device.
struct GroupDevices::Member {
  Address address = 0;
  std::optional<actors::FormGroup> group;
  Epoch aborted = 0;  ///< this epoch and all before it are over
  std::uint64_t ended_burst = 0;
};

struct GroupDevices::Meeting {
  struct Entry {
    std::optional<Step> step;
    std::function<void(Result<StepResult>)> done;
  };

  std::map<int, Entry> entries;  // by rank
};

struct GroupDevices::Group {
  Epoch epoch = 0;
  std::vector<std::shared_ptr<Member>> members;  // by rank; null until it prepared
  std::map<std::uint64_t, Meeting> meetings;     // that are not complete
  std::unique_ptr<GroupForward> forward;
  std::map<SequenceId, Ranges> decoded;  // of the last step: what each sequence had left
  std::vector<diffusion::Burst> bursts;  // by rank, while one is being made
  std::uint64_t first_of_burst = 0;
  std::vector<Step> next;  // by rank, of the burst
  std::optional<Error> void_reason;
};

class GroupDevices::RankDevice final : public actors::Device {
 public:
  RankDevice(GroupDevices& devices, Address address) : devices_(devices) {
    member_->address = address;
  }
  ~RankDevice() override { devices_.leave(*member_, UINT64_MAX); }

  void prepare(actors::FormGroup group, std::function<void(Result<Bytes>)> done) override {
    devices_.leave(*member_, group.epoch - 1);
    member_->group = group;
    member_->ended_burst = 0;
    Group& mine = devices_.groups_[group.epoch];
    mine.epoch = group.epoch;
    mine.members.resize(std::size_t(group.size));
    mine.members[std::size_t(group.rank)] = member_;
    if (!mine.forward) mine.forward = devices_.make_forward_(group.replica, group.size);
    devices_.simulation_.after(
        devices_.random(devices_.options_.rendezvous),
        [done = std::move(done), address = member_->address] { done(Bytes{std::byte(address)}); });
  }

  void connect(Epoch epoch, std::vector<Bytes> /*addresses*/,
               std::function<void(Result<>)> done) override {
    devices_.enter(member_, epoch, kConnect, std::nullopt,
                   [done = std::move(done)](const Result<StepResult>& met) {
                     done(met ? Result<>() : Result<>(met.error()));
                   });
  }

  void run(Step step, std::function<void(Result<StepResult>)> done) override {
    const Epoch epoch = step.epoch;
    const std::uint64_t seq = step.seq;
    devices_.enter(member_, epoch, seq, std::move(step), std::move(done));
  }

  void end_burst(std::uint64_t seq) override { member_->ended_burst = seq; }

  void inspect(actors::Inspect request, std::function<void(actors::Inspected)> rows) override {
    actors::Inspected last;
    last.request = request.request;
    last.error = Error{ErrorCode::kUnavailable, "a simulated device has no tensors"};
    devices_.simulation_.after({}, [last, rows = std::move(rows)] { rows(last); });
  }

  void inspect_more() override {}

  void abort(Epoch epoch) override { devices_.leave(*member_, epoch); }

 private:
  GroupDevices& devices_;
  const std::shared_ptr<Member> member_ = std::make_shared<Member>();
};

GroupDevices::GroupDevices(Simulation& simulation, Options options, MakeForward make_forward)
    : simulation_(simulation), options_(options), make_forward_(std::move(make_forward)) {}
GroupDevices::~GroupDevices() = default;

std::unique_ptr<actors::Device> GroupDevices::make_device(Address address) {
  return std::make_unique<RankDevice>(*this, address);
}

void GroupDevices::stall(Address address, Duration duration) {
  stalled_until_[address] = simulation_.clock().now() + duration;
}

void GroupDevices::enter(const std::shared_ptr<Member>& member, Epoch epoch, std::uint64_t number,
                         std::optional<Step> step, std::function<void(Result<StepResult>)> done) {
  if (epoch <= member->aborted || !member->group || member->group->epoch != epoch) {
    answer(std::move(done), Error{ErrorCode::kCancelled, "the epoch is over"}, {});
    return;
  }
  Group& group = groups_.at(epoch);
  if (group.void_reason) {
    answer(std::move(done), *group.void_reason, options_.notice);
    return;
  }
  Meeting& meeting = group.meetings[number];
  const bool is_first = meeting.entries.empty();
  meeting.entries[member->group->rank] = {std::move(step), std::move(done)};
  if (is_first) {
    simulation_.after(options_.timeout, [this, epoch, number] {
      Group& late = groups_.at(epoch);
      if (late.meetings.contains(number)) {
        make_void(late, ErrorCode::kDeadlineExceeded, "a rank did not come in time");
      }
    });
  }
  if (meeting.entries.size() < group.members.size()) return;
  simulation_.after(random(number == kConnect ? options_.rendezvous : options_.forward),
                    [this, epoch, number] { complete_when_possible(epoch, number); });
}

void GroupDevices::complete_when_possible(Epoch epoch, std::uint64_t number) {
  Group& group = groups_.at(epoch);
  if (!group.meetings.contains(number)) return;  // void meanwhile
  if (are_together(group)) return complete(group, number);
  simulation_.after(kLookAgain, [this, epoch, number] { complete_when_possible(epoch, number); });
}

bool GroupDevices::are_together(const Group& group) const {
  for (const auto& one : group.members) {
    const auto stall = stalled_until_.find(one->address);
    if (stall != stalled_until_.end() && stall->second > simulation_.clock().now()) return false;
    for (const auto& other : group.members) {
      if (simulation_.network().are_split(one->address, other->address)) return false;
    }
  }
  return true;
}

void GroupDevices::complete(Group& group, std::uint64_t number) {
  auto entries = group.meetings.extract(number).mapped().entries;
  std::vector<Result<StepResult>> results(entries.size(), StepResult{});
  bool goes_on = false;
  if (number != kConnect) {
    std::vector<Step> steps;
    for (auto& [rank, entry] : entries) steps.push_back(std::move(*entry.step));
    note(group, steps.front());
    results = group.forward->run(steps);
    goes_on = this->goes_on(group, steps, results);
  }
  Duration last{};
  std::map<int, std::function<void(Result<StepResult>)>> done;
  for (auto& [rank, entry] : entries) {
    Result<StepResult>& result = results[std::size_t(rank)];
    if (!result) figures_.refusals.push_back(result.error().message);
    done[rank] = entry.done;
    last = std::max(
        last, answer(std::move(entry.done), std::move(result), std::chrono::microseconds(200)));
  }
  if (goes_on) go_on(group.epoch, number + 1, last, std::move(done));
}

/// Whether the ranks go on with a burst; says so in their results.
bool GroupDevices::goes_on(Group& group, const std::vector<Step>& steps,
                           std::vector<Result<StepResult>>& results) {
  if (steps.front().burst > 1) {
    group.first_of_burst = steps.front().seq;
    for (const Step& step : steps) {
      Result<diffusion::Burst> burst = diffusion::Burst::of(step);
      if (burst) {
        group.bursts.push_back(std::move(*burst));
      } else {
        results[group.bursts.size()] = burst.error();
      }
    }
  }
  if (!std::ranges::all_of(results, [](const auto& result) { return result.has_value(); })) {
    group.bursts.clear();
  }
  bool all_go_on = !group.bursts.empty();
  group.next.clear();
  for (std::size_t rank = 0; rank < group.bursts.size(); ++rank) {
    std::optional<Step> next = group.bursts[rank].next(*results[rank]);
    all_go_on = all_go_on && next && group.members[rank]->ended_burst < group.first_of_burst;
    if (next) group.next.push_back(std::move(*next));
  }
  for (std::size_t rank = 0; rank < group.bursts.size(); ++rank) {
    group.bursts[rank].sign(*results[rank], all_go_on);
  }
  if (!all_go_on) group.bursts.clear();
  return all_go_on;
}

/// Answers keep their order: the next forward begins when the last one's have arrived.
void GroupDevices::go_on(Epoch epoch, std::uint64_t number, Duration delay,
                         std::map<int, std::function<void(Result<StepResult>)>> done) {
  simulation_.after(delay, [this, epoch, number, done = std::move(done)] {
    Group& group = groups_.at(epoch);
    ++figures_.burst_steps;
    for (const auto& [rank, answer_of_rank] : done) {
      enter(group.members[std::size_t(rank)], epoch, number, group.next[std::size_t(rank)],
            answer_of_rank);
    }
  });
}

/// Counts what the checks want to know of a step.
void GroupDevices::note(Group& group, const Step& step) {
  ++figures_.steps;
  if (step.sequences.empty()) ++figures_.empty_steps;
  bool has_newcomer = false, is_within_block = false;
  std::map<SequenceId, Ranges> decoded;
  for (const SequenceStep& sequence : step.sequences) {
    const Ranges& holes = decoded[sequence.sequence] = sequence.window.decoded;
    has_newcomer |= sequence.iteration == 0;
    const auto before = group.decoded.find(sequence.sequence);
    // Its first hole was a hole already when it was decoded last: the block goes on.
    is_within_block |=
        before != group.decoded.end() && !holes.empty() &&
        std::ranges::any_of(before->second, [&](const Range& range) {
          return range.begin <= holes.front().begin && holes.front().begin < range.end;
        });
  }
  figures_.mid_block_joins += has_newcomer && is_within_block;
  group.decoded = std::move(decoded);
}

void GroupDevices::leave(Member& member, Epoch up_to) {
  member.aborted = std::max(member.aborted, up_to);
  if (!member.group || member.group->epoch > up_to) return;
  make_void(groups_.at(member.group->epoch), ErrorCode::kUnavailable,
            "rank " + std::to_string(member.group->rank) + " is gone");
}

void GroupDevices::make_void(Group& group, ErrorCode code, const std::string& why) {
  if (group.void_reason) return;
  group.void_reason = Error{code, why};
  for (auto& [number, meeting] : std::exchange(group.meetings, {})) {
    ++figures_.void_meetings;
    for (auto& [rank, entry] : meeting.entries) {
      answer(std::move(entry.done), *group.void_reason, options_.notice);
    }
  }
}

Duration GroupDevices::answer(std::function<void(Result<StepResult>)> done,
                              Result<StepResult> result, Duration mean_delay) {
  const Duration delay = random(mean_delay);
  simulation_.after(delay, [done = std::move(done), result = std::move(result)] { done(result); });
  return delay;
}

int GroupDevices::num_leaked_sequences() const {
  int leaked = 0;
  for (const auto& [epoch, group] : groups_) {
    if (group.void_reason) continue;
    for (std::size_t rank = 0; rank < group.members.size(); ++rank) {
      leaked +=
          std::max(0, group.forward->num_open_sequences(int(rank)) - int(group.decoded.size()));
    }
  }
  return leaked;
}

}  // namespace unmask::simulation
