#include "runtime/cli/process/worker_info.h"

#include <utility>

namespace unmask::cli {

WorkerInfo worker_info(const network::EngineOptions& options, std::string device,
                       std::string numeric_class) {
  const bool is_exact = options.placement.numerics == network::Numerics::kExact;
  return {.device = std::move(device),
          .numeric_class = std::move(numeric_class),
          .weights = name_of(options.dtype),
          .kv_dtype = name_of(options.kv_dtype),
          .numerics = is_exact ? "exact" : "fast"};
}

void show(const WorkerInfo& info, Metrics& metrics) {
  metrics
      .gauge("unmask_worker_info", "One, labelled with what this worker computes with.",
             {{"device", info.device},
              {"kv_dtype", info.kv_dtype},
              {"weights", info.weights},
              {"numerics", info.numerics},
              {"class", info.numeric_class}})
      .set(1);
}

std::string worker_class(const std::string& numeric_class, kernels::DType kv_dtype) {
  if (kv_dtype == kernels::DType::kF32) return numeric_class;
  return numeric_class + "-kv-" + name_of(kv_dtype);
}

}  // namespace unmask::cli
