#include "model/network/weight_inventory.h"

#include <algorithm>

#include "model/network/tensor_names.h"
#include "model/network/weight_shapes.h"

namespace unmask::network {
namespace {

using checkpoint::Checkpoint;
using checkpoint::ModelConfig;
using checkpoint::StoredTensor;

/// Old files store the table of angles, which follows from rope_theta.
bool is_computed_here(const std::string& name) { return name.ends_with("rotary_emb.inv_freq"); }

/// A head that is stored although it is the table of embeddings, and is the same.
bool is_copied_head(const Checkpoint& checkpoint, const std::string& name,
                    const StoredTensor& tensor) {
  const TensorNames names = tensor_names(checkpoint.config().architecture);
  const auto table = checkpoint.tensors().find(names.embeddings);
  if (!checkpoint.config().has_tied_embeddings || name != names.head ||
      table == checkpoint.tensors().end()) {
    return false;
  }
  const bool is_same = table->second.dtype == tensor.dtype && table->second.shape == tensor.shape &&
                       std::ranges::equal(table->second.data, tensor.data);
  checkpoint.drop_pages(name);
  checkpoint.drop_pages(names.embeddings);
  return is_same;
}

/// missing: a weight that the checkpoint lacks; maybe the tensor is that one by another name.
Error refused(const Checkpoint& checkpoint, const std::string& name, std::size_t num_others,
              const std::string* missing) {
  const bool is_adapter = name.find("lora_") != std::string::npos;
  return {ErrorCode::kInvalidArgument,
          checkpoint.path_of(name) + ": tensor " + name + " is no weight of a " +
              std::string(checkpoint::name_of(checkpoint.config().architecture)) +
              " model as config.json describes it" +
              (num_others > 0 ? ", nor are " + std::to_string(num_others) + " others" : "") +
              (missing != nullptr ? "; " + *missing + " is missing" : "") +
              (is_adapter ? "; merge the adapter into the weights first" : "")};
}

std::int64_t num_elements(const StoredTensor& tensor) {
  std::int64_t count = 1;
  for (const std::int64_t extent : tensor.shape) count *= extent;
  return count;
}

}  // namespace

std::set<std::string> weight_names(const ModelConfig& config) {
  std::set<std::string> names;
  for (const auto& entry : weight_shapes(config)) names.insert(entry.first);
  return names;
}

Result<WeightInventory> take_inventory(const Checkpoint& checkpoint) {
  const std::set<std::string> weights = weight_names(checkpoint.config());
  WeightInventory inventory;
  std::vector<std::string> strangers;
  for (const auto& [name, tensor] : checkpoint.tensors()) {
    if (weights.contains(name)) {
      inventory.num_parameters += num_elements(tensor);
      inventory.num_bytes += tensor.data.size();
    } else if (is_computed_here(name) || is_copied_head(checkpoint, name, tensor)) {
      inventory.unused.push_back(name);
    } else {
      strangers.push_back(name);
    }
  }
  const auto missing = std::ranges::find_if_not(
      weights, [&](const std::string& name) { return checkpoint.has(name); });
  if (!strangers.empty()) {
    return refused(checkpoint, strangers.front(), strangers.size() - 1,
                   missing == weights.end() ? nullptr : &*missing);
  }
  if (missing == weights.end()) return inventory;
  return Error{ErrorCode::kNotFound,
               checkpoint.dir().string() + ": tensor " + *missing + " is missing"};
}

}  // namespace unmask::network
