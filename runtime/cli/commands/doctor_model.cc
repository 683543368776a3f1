#include "runtime/cli/commands/doctor_model.h"

#include <algorithm>
#include <boost/json.hpp>
#include <cstdio>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "kernels/gpus.h"
#include "model/network/weight_shapes.h"
#include "rpc/openai/json_text.h"
#include "runtime/cli/command.h"
#include "runtime/cli/doctor/check_text.h"
#include "runtime/cli/doctor/cluster_checks.h"
#include "runtime/cli/doctor/model_fit.h"
#include "runtime/cli/process/local_config.h"
#include "runtime/cli/text/terminal.h"
#include "runtime/config/device_name.h"

namespace unmask::cli {
namespace {

namespace json = boost::json;

constexpr const char* kDoctorModelExamples = R"(Examples:
  unmask doctor model LLaDA-8B-Instruct
  unmask doctor model LLaDA-8B-Instruct --dtype bf16 --max-rows 8192 --device cuda
  unmask doctor model LLaDA-8B-Instruct --json | jq '.fits[] | select(.problem == "")'

Figures are those of the worker of a replica that takes most; GPUs are judged by the smallest one of
this machine, as if nothing else used it. Weights are not read.)";

struct DoctorModelFlags {
  std::string dir, dtype, max_rows, device;
  bool as_json = false;
};

/// Every tensor that a network of this shape needs; of many that are wrong, the first.
std::vector<Check> check_weights(const checkpoint::Checkpoint& checkpoint) {
  constexpr const char* kName = "tensors";
  constexpr std::size_t kMaxShown = 8;
  const std::vector<std::string> wrong = network::wrong_weights(checkpoint);
  if (wrong.empty()) {
    return {{kName, Verdict::kOk,
             std::to_string(checkpoint.tensors().size()) + " have their names, shapes and dtypes"}};
  }
  std::vector<Check> checks;
  for (std::size_t i = 0; i < std::min(wrong.size(), kMaxShown); ++i) {
    checks.push_back({kName, Verdict::kProblem, wrong[i]});
  }
  if (wrong.size() > kMaxShown) {
    checks.push_back(
        {kName, Verdict::kProblem, "and " + std::to_string(wrong.size() - kMaxShown) + " others"});
  }
  return checks;
}

DeviceRoom gpu_room(const kernels::Gpus& gpus) {
  DeviceRoom room{.kind = kernels::DeviceKind::kCuda, .num_devices = 0};
  for (const kernels::Gpu& gpu : gpus.all) {
    if (!gpu.problem.empty()) continue;
    if (room.num_devices++ == 0 || gpu.total_bytes < room.memory.total_bytes) {
      room.memory = {.total_bytes = gpu.total_bytes, .free_bytes = gpu.total_bytes};
    }
  }
  return room;
}

/// Those that --device allows.
std::vector<DeviceRoom> rooms_of(const ClusterConfig& config) {
  const auto wanted = parse_device_name(config.compute.device);
  std::vector<DeviceRoom> rooms;
  if (!wanted || wanted->kind != DeviceName::Kind::kCuda) {
    rooms.push_back({.memory = kernels::host_memory()});
  }
  if (!wanted || wanted->kind != DeviceName::Kind::kCpu) {
    rooms.push_back(gpu_room(kernels::find_gpus()));
  }
  return rooms;
}

Result<std::vector<ModelFit>> fit_everywhere(const ServedModel& model,
                                             const ClusterConfig& config) {
  std::vector<ModelFit> fits;
  for (const DeviceRoom& room : rooms_of(config)) {
    for (const int num_workers : {1, 2, 4, 8}) {
      Result<ModelFit> fit = fit_model(model, config, num_workers, room);
      if (!fit) return fit.error();
      fits.push_back(std::move(*fit));
    }
  }
  return fits;
}

Check check_fits(const std::vector<ModelFit>& fits) {
  constexpr const char* kName = "memory";
  for (const ModelFit& fit : fits) {
    if (fit.problem.empty()) return {kName, Verdict::kOk, "it fits this machine"};
  }
  return {kName, Verdict::kProblem, "it fits this machine in none of the ways below",
          "serve it on several hosts, as --dtype bf16, or with fewer --max-rows"};
}

json::array to_json(const std::vector<ModelFit>& fits) {
  json::array list;
  for (const ModelFit& fit : fits) {
    list.push_back(json::object{{"device", fit.kind == kernels::DeviceKind::kCuda ? "gpu" : "cpu"},
                                {"workers", fit.num_workers},
                                {"weight_bytes", fit.plan.weight_bytes},
                                {"scratch_bytes", fit.plan.scratch_bytes},
                                {"canvas_bytes", fit.canvas_bytes},
                                {"canvas_positions", fit.plan.max_positions},
                                {"kv_bytes", fit.plan.kv_bytes},
                                {"canvases", fit.plan.num_canvases(fit.plan.max_positions)},
                                {"problem", fit.problem}});
  }
  return list;
}

void print(const std::vector<Check>& checks, const std::vector<ModelFit>& fits) {
  const std::string text = to_text(checks, terminal_of(fileno(stdout)).has_color);
  std::printf("%s\n%s", text.c_str(), to_text(fits).c_str());
}

int examine_model(const DoctorModelFlags& flags) {
  const Reporter refuse{flags.as_json};
  const Result<ClusterConfig> config =
      load_local_config({{"model.dir", flags.dir, "DIR"},
                         {"model.dtype", flags.dtype, "--dtype"},
                         {"compute.max_rows", flags.max_rows, "--max-rows"},
                         {"compute.device", flags.device, "--device"}});
  if (!config) return refuse(config.error(), kBadConfig);
  const Result<ServedModel> model = open_served_model(config->model);
  if (!model) return refuse(model.error(), kBadConfig);
  const auto fits = fit_everywhere(*model, *config);
  if (!fits) return refuse(fits.error(), kBadConfig);

  std::vector<Check> checks = check_model(model);
  for (Check& check : check_weights(model->checkpoint)) checks.push_back(std::move(check));
  checks.push_back(check_fits(*fits));
  const int num_problems = count_of(Verdict::kProblem, checks);
  if (flags.as_json) {
    const json::object answer{{"name", model->name},
                              {"checks", to_json(checks)},
                              {"problems", num_problems},
                              {"fits", to_json(*fits)}};
    std::printf("%s\n", rpc::json_text(answer).c_str());
  } else {
    print(checks, *fits);
  }
  return num_problems == 0 ? kOk : kFailed;
}

}  // namespace

void add_doctor_model(Command doctor) {
  Command command = doctor.add_command("model", "Every tensor of a model, and where it fits");
  command.set_footer(kDoctorModelExamples);
  const auto flags = std::make_shared<DoctorModelFlags>();
  command.add(
      {.name = "dir", .help = "Folder of the checkpoint", .type = "DIR", .is_required = true},
      flags->dir);
  command.add(
      {.name = "--dtype", .help = "Weights as auto (as stored), f32 or bf16", .type = "TYPE"},
      flags->dtype);
  command.add({.name = "--max-rows",
               .help = "Rows of one step, and so positions of the longest canvas; default: 4096",
               .type = "N"},
              flags->max_rows);
  command.add({.name = "--device",
               .help = "Only there: cpu or cuda; auto (both) if left out",
               .type = "DEVICE"},
              flags->device);
  command.add({.name = "--json", .help = "Print one JSON object"}, flags->as_json);
  command.set_action([flags] { return examine_model(*flags); });
}

}  // namespace unmask::cli
