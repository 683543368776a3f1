#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "actors/worker/device.h"
#include "runtime/simulation/simulation.h"
#include "tests/simulation/group_forward.h"

namespace unmask::simulation {

/// What the devices computed, for the checks.
struct DeviceFigures {
  std::uint64_t steps = 0;            ///< whole forwards of a group
  std::uint64_t empty_steps = 0;      ///< of no sequence
  std::uint64_t void_meetings = 0;    ///< a rank died, left, or did not come in time
  std::uint64_t mid_block_joins = 0;  ///< steps where a sequence joined in another's block
  std::uint64_t burst_steps = 0;      ///< that the workers asked themselves for
  std::vector<std::string> refusals;  ///< of steps that the model's checks refused
};

/// All devices of a simulated cluster, and the wires between those of one group.
///
/// A forward is the group's: it completes when every rank of the epoch has entered step `seq`, and
/// is void if one of them died, left the epoch, or did not come in time. While a partition lies
/// between two ranks nothing completes.
class GroupDevices {
 public:
  struct Options {
    Duration forward;                                    ///< mean
    Duration rendezvous = std::chrono::milliseconds(5);  ///< mean, per half
    Duration notice = std::chrono::milliseconds(20);     ///< mean, until the others know of a loss
    Duration timeout = std::chrono::seconds(8);          ///< for the last rank to come
  };
  using MakeForward = std::function<std::unique_ptr<GroupForward>(int replica, int size)>;

  GroupDevices(Simulation& simulation, Options options, MakeForward make_forward);
  ~GroupDevices();

  /// The device of the process at `address`; it dies with the object.
  [[nodiscard]] std::unique_ptr<actors::Device> make_device(Address address);

  /// The device at `address` does not answer until then.
  void stall(Address address, Duration duration);

  [[nodiscard]] const DeviceFigures& figures() const { return figures_; }
  /// Of all groups that are not void: sequences that hold pages and were in no last step.
  [[nodiscard]] int num_leaked_sequences() const;

 private:
  class RankDevice;
  struct Member;
  struct Meeting;
  struct Group;

  void enter(const std::shared_ptr<Member>& member, Epoch epoch, std::uint64_t number,
             std::optional<Step> step, std::function<void(Result<StepResult>)> done);
  void complete_when_possible(Epoch epoch, std::uint64_t number);
  void complete(Group& group, std::uint64_t number);
  [[nodiscard]] bool goes_on(Group& group, const std::vector<Step>& steps,
                             std::vector<Result<StepResult>>& results);
  void go_on(Epoch epoch, std::uint64_t number, Duration delay,
             std::map<int, std::function<void(Result<StepResult>)>> done);
  void leave(Member& member, Epoch up_to);
  void make_void(Group& group, ErrorCode code, const std::string& why);
  void note(Group& group, const Step& step);
  /// Returns when it comes.
  Duration answer(std::function<void(Result<StepResult>)> done, Result<StepResult> result,
                  Duration mean_delay);
  [[nodiscard]] bool are_together(const Group& group) const;
  [[nodiscard]] Duration random(Duration mean) {
    return Duration(Duration::rep(double(mean.count()) * simulation_.rng().exponential()));
  }

  Simulation& simulation_;
  const Options options_;
  const MakeForward make_forward_;
  DeviceFigures figures_;
  std::map<Epoch, Group> groups_;
  std::map<Address, Time> stalled_until_;
};

}  // namespace unmask::simulation
