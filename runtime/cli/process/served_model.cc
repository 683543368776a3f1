#include "runtime/cli/process/served_model.h"

#include <algorithm>
#include <cstdio>
#include <thread>
#include <utility>

#include "model/network/weight_inventory.h"
#include "model/tokenizer/vocabulary.h"
#include "runtime/base/listed.h"
#include "runtime/cli/process/cache_dir.h"
#include "runtime/cli/process/embedded_model.h"
#include "runtime/cli/process/memory_budget.h"
#include "runtime/cli/text/characters.h"

namespace unmask::cli {
namespace {

std::string name_of(const std::filesystem::path& dir) {
  const std::filesystem::path whole = std::filesystem::absolute(dir).lexically_normal();
  return (whole.has_filename() ? whole : whole.parent_path()).filename().string();
}

/// `auto` keeps what is stored, as far as there are kernels for it.
kernels::DType dtype_of(const ClusterConfig::Model& config,
                        const checkpoint::Checkpoint& checkpoint) {
  if (config.dtype == "f32") return kernels::DType::kF32;
  if (config.dtype == "bf16") return kernels::DType::kBF16;
  const bool is_bf16 = std::ranges::any_of(checkpoint.tensors(), [](const auto& entry) {
    return entry.second.shape.size() == 2 && entry.second.dtype == "BF16";
  });
  return is_bf16 ? kernels::DType::kBF16 : kernels::DType::kF32;
}

int num_workers_on(const ClusterConfig& config, const std::string& host) {
  if (config.workers.empty()) return config.cluster.replicas * config.cluster.workers;
  return int(std::ranges::count(config.workers, host, &WorkerConfig::host));
}

int num_threads(const ClusterConfig& config, const WorkerConfig& worker) {
  if (worker.threads > 0) return worker.threads;
  const int cores = int(std::thread::hardware_concurrency());
  return std::max(1, cores / std::max(1, num_workers_on(config, worker.host)));
}

/// Of a GPU's memory everything but what others shall have is the workers'; a machine's memory has
/// other users.
double kv_part_of(kernels::DeviceKind device) {
  return device == kernels::DeviceKind::kCuda ? 1.0 : 0.5;
}

/// What one worker may take.
std::uint64_t free_for(const ClusterConfig& config, const DeviceChoice& device,
                       const kernels::MemoryInfo& memory) {
  const auto num_sharing = std::uint64_t(std::max(device.num_sharing, 1));
  return device.kind == kernels::DeviceKind::kCuda
             ? gpu_room(memory, config.compute.gpu_memory, device.num_sharing)
             : memory.free_bytes / num_sharing;
}

}  // namespace

std::string ServedModel::arithmetic() const {
  return std::string(numerics == network::Numerics::kExact ? "exact " : "fast ") +
         (dtype == kernels::DType::kBF16 ? "bf16" : "f32");
}

Result<ServedModel> open_served_model(const ClusterConfig::Model& config) {
  std::filesystem::path dir = config.dir;
  if (dir.empty()) {
    const Result<std::filesystem::path> embedded = find_embedded_model();
    if (!embedded) return embedded.error();
    dir = *embedded;
  }
  Result<checkpoint::Checkpoint> checkpoint = checkpoint::Checkpoint::open(dir);
  if (!checkpoint) return checkpoint.error();

  Result<tokenizer::Tokenizer> tokenizer = tokenizer::Tokenizer::open(dir, config.chat_template);
  // Without one, tokens can be served; with one that cannot be right, nothing should be.
  if (!tokenizer && tokenizer.error().code != ErrorCode::kNotFound) return tokenizer.error();

  const Result<network::WeightInventory> weights = network::take_inventory(*checkpoint);
  if (!weights) return weights.error();

  const checkpoint::ModelConfig& model = checkpoint->config();
  std::vector<std::string> warnings = model.warnings;
  if (tokenizer) {
    const std::vector<std::string>& said = tokenizer->warnings();
    warnings.insert(warnings.end(), said.begin(), said.end());
  }
  if (!weights->unused.empty()) {
    warnings.push_back(dir.string() + ": tensors that are not needed: " + listed(weights->unused));
  }
  actors::JobModel jobs;
  jobs.vocab_size = model.vocab_size;
  jobs.max_positions = model.max_positions;
  jobs.vocabulary = vocabulary_of(model, tokenizer ? &*tokenizer : nullptr);
  jobs.vocabulary.is_block_causal = model.is_block_causal;
  if (config.mask_id >= 0) jobs.vocabulary.mask_id = config.mask_id;
  const network::Numerics numerics =
      config.numerics == "fast" ? network::Numerics::kFast : network::Numerics::kExact;
  const kernels::DType dtype = dtype_of(config, *checkpoint);
  return ServedModel{.checkpoint = std::move(*checkpoint),
                     .tokenizer = std::move(tokenizer),
                     .name = name_of(dir),
                     .dtype = dtype,
                     .numerics = numerics,
                     .jobs = jobs,
                     .num_parameters = weights->num_parameters,
                     .num_bytes = weights->num_bytes,
                     .warnings = std::move(warnings)};
}

void warn(const ServedModel& model) {
  for (const std::string& warning : model.warnings) {
    std::fprintf(stderr, "unmask: warning: %s\n", printable(warning).c_str());
  }
}

Result<network::EngineOptions> engine_options(const ServedModel& model, const ClusterConfig& config,
                                              const WorkerConfig& worker,
                                              const DeviceChoice& device,
                                              const kernels::MemoryInfo& memory) {
  network::EngineOptions options;
  options.dtype = model.dtype;
  options.device = device.kind;
  options.kv_dtype = network::kv_dtype_of(device.kind, model.dtype);
  options.can_record = config.compute.graphs;
  options.num_threads = num_threads(config, worker);
  options.max_rows = config.compute.max_rows;
  options.num_soft_rows = model.checkpoint.config().is_block_causal ? 0 : config.compute.soft_rows;
  options.placement = {worker.rank, config.cluster.workers, model.numerics};
  const Result<int> pages = choose_kv_pages(model.checkpoint.config(), options,
                                            {.kv_memory = std::uint64_t(worker.kv_memory),
                                             .free_bytes = free_for(config, device, memory),
                                             .kv_part = kv_part_of(device.kind),
                                             .max_running = config.limits.max_running});
  if (!pages) return pages.error();
  options.num_kv_pages = *pages;
  return options;
}

kernels::DeviceSpec device_spec(const ClusterConfig& config, const WorkerConfig& worker,
                                const DeviceChoice& device) {
  kernels::DeviceSpec spec;
  spec.kind = device.kind;
  spec.index = device.gpu;
  spec.num_threads = num_threads(config, worker);
  spec.instructions = kernels::instruction_set_of(worker.instructions);  // none: auto
  if (config.model.numerics == "fast") {
    spec.fast_products = {.library = config.compute.cublas_lt_library,
                          .cache_dir = find_cache_dir(config.compute.cache_dir)};
  }
  // Two processes that pin to the same cores would wait for each other.
  spec.pin_threads = config.cluster.replicas * config.cluster.workers == 1;
  return spec;
}

}  // namespace unmask::cli
