#include "runtime/cli/process/device_choice.h"

#include <algorithm>
#include <map>
#include <utility>

#include "kernels/instruction_set.h"
#include "runtime/config/device_name.h"

namespace unmask::cli {
namespace {

std::string count_of(std::size_t count, const char* noun) {
  return std::to_string(count) + " " + noun + (count == 1 ? "" : "s");
}

std::vector<int> usable_gpus(const kernels::Gpus& gpus) {
  std::vector<int> usable;
  for (const kernels::Gpu& gpu : gpus.all) {
    if (gpu.problem.empty()) usable.push_back(gpu.index);
  }
  return usable;
}

Result<int> named_gpu(int index, const kernels::Gpus& gpus) {
  if (!gpus.problem.empty()) return Error{ErrorCode::kUnavailable, gpus.problem};
  if (index >= int(gpus.all.size())) {
    return invalid("--device cuda:" + std::to_string(index) + ": this machine has " +
                   count_of(gpus.all.size(), "GPU") + ", counted from 0 (unmask devices)");
  }
  const std::string& problem = gpus.all[std::size_t(index)].problem;
  if (!problem.empty()) {
    return Error{ErrorCode::kUnavailable,
                 "--device cuda:" + std::to_string(index) + ": " + problem};
  }
  return index;
}

/// The GPU of the worker whose turn is the `turn`-th.
Result<int> next_gpu(std::size_t turn, std::size_t num_workers, const kernels::Gpus& gpus,
                     bool share_gpus) {
  if (!gpus.problem.empty()) return Error{ErrorCode::kUnavailable, gpus.problem};
  const std::vector<int> usable = usable_gpus(gpus);
  if (turn >= usable.size() && !share_gpus) {
    return invalid(count_of(num_workers, "worker") + " on this machine and " +
                   count_of(usable.size(), "GPU") +
                   ": start as many workers as GPUs, or add "
                   "--share-gpus to let workers share one");
  }
  return usable[turn % usable.size()];
}

Result<> check_sharing(const std::vector<DeviceChoice>& choices, bool share_gpus) {
  for (const DeviceChoice& choice : choices) {
    if (choice.kind == kernels::DeviceKind::kCpu || choice.num_sharing == 1 || share_gpus) continue;
    return invalid(count_of(std::size_t(choice.num_sharing), "worker") + " are to compute on GPU " +
                   std::to_string(choice.gpu) +
                   ": give each one of its own (--device cuda), or add --share-gpus");
  }
  return {};
}

bool is_same_gpu(const DeviceChoice& a, const DeviceChoice& b) {
  return a.kind == kernels::DeviceKind::kCuda && a == b;
}

void count_sharing(std::vector<DeviceChoice>& choices) {
  std::map<std::pair<kernels::DeviceKind, int>, int> count;
  for (const DeviceChoice& choice : choices) ++count[{choice.kind, choice.gpu}];
  for (DeviceChoice& choice : choices) choice.num_sharing = count[{choice.kind, choice.gpu}];
}

}  // namespace

Result<std::vector<DeviceChoice>> choose_devices(const std::vector<std::string>& wanted,
                                                 const kernels::Gpus& gpus, bool share_gpus) {
  const std::size_t num_usable = usable_gpus(gpus).size();
  const bool auto_is_cuda = num_usable > 0 && (share_gpus || wanted.size() <= num_usable);
  std::vector<DeviceChoice> choices;
  for (std::size_t turn = 0; turn < wanted.size(); ++turn) {
    const auto name = parse_device_name(wanted[turn]);
    if (!name) return invalid("--device " + wanted[turn] + " is not auto, cpu, cuda or cuda:N");
    const bool is_cuda = name->kind == DeviceName::Kind::kCuda ||
                         (name->kind == DeviceName::Kind::kAuto && auto_is_cuda);
    if (!is_cuda) {
      choices.push_back({});
      continue;
    }
    const Result<int> gpu = name->index >= 0 ? named_gpu(name->index, gpus)
                                             : next_gpu(turn, wanted.size(), gpus, share_gpus);
    if (!gpu) return gpu.error();
    choices.push_back({.kind = kernels::DeviceKind::kCuda, .gpu = *gpu});
  }
  count_sharing(choices);
  if (const Result<> shared = check_sharing(choices, share_gpus); !shared) return shared.error();
  return choices;
}

Result<DeviceChoice> choose_device(const ClusterConfig& config, const WorkerConfig& worker,
                                   const kernels::Gpus& gpus) {
  std::vector<std::string> wanted;
  std::vector<std::int32_t> replicas;  // of each
  std::size_t own = 0;
  for (std::int32_t replica = 0; replica < config.cluster.replicas; ++replica) {
    for (std::int32_t rank = 0; rank < config.cluster.workers; ++rank) {
      const WorkerConfig other = config.worker(replica, rank);
      if (other.host != worker.host) continue;
      if (replica == worker.replica && rank == worker.rank) own = wanted.size();
      wanted.push_back(other.device);
      replicas.push_back(replica);
    }
  }
  const auto choices = choose_devices(wanted, gpus, config.compute.share_gpus);
  if (!choices) return choices.error();
  for (std::size_t i = 0; i < choices->size(); ++i) {
    if (i != own && replicas[i] == replicas[own] && is_same_gpu((*choices)[i], (*choices)[own])) {
      return invalid("workers of one replica need a GPU each, which NCCL asks for: share GPU " +
                     std::to_string((*choices)[own].gpu) +
                     " between --replicas, or start fewer --workers");
    }
  }
  return (*choices)[own];
}

std::string describe(const DeviceChoice& choice, const kernels::Gpus& gpus,
                     const WorkerConfig& worker) {
  if (choice.kind == kernels::DeviceKind::kCuda) {
    return "GPU " + std::to_string(choice.gpu) + " (" + gpus.all[std::size_t(choice.gpu)].name +
           ")";
  }
  const auto wanted = kernels::instruction_set_of(worker.instructions);
  return "the CPU (" +
         std::string(kernels::name_of(wanted.value_or(kernels::best_instruction_set()))) + ")";
}

}  // namespace unmask::cli
