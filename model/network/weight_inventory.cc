#include "model/network/weight_inventory.h"

#include <algorithm>

#include "model/network/tensor_names.h"

namespace unmask::network {
namespace {

using checkpoint::Checkpoint;
using checkpoint::ModelConfig;
using checkpoint::StoredTensor;

void add_mlp(const std::string& prefix, const TensorNames& names, std::set<std::string>& all) {
  all.insert({prefix + names.expert_gate, prefix + names.expert_up, prefix + names.expert_down});
}

void add_layer(const ModelConfig& config, const TensorNames& names, int index,
               std::set<std::string>& all) {
  const std::string prefix = names.layer_prefix + std::to_string(index) + ".";
  all.insert({prefix + names.input_norm, prefix + names.post_attention_norm, prefix + names.q,
              prefix + names.k, prefix + names.v, prefix + names.o});
  if (config.has_qk_norm) all.insert({prefix + names.q_norm, prefix + names.k_norm});
  if (index < config.num_dense_layers) {
    all.insert({prefix + names.gate, prefix + names.up, prefix + names.down});
    return;
  }
  all.insert(prefix + names.router);
  if (config.has_expert_bias) all.insert(prefix + names.expert_bias);
  for (int i = 0; i < config.num_experts; ++i) {
    add_mlp(prefix + names.experts + std::to_string(i) + ".", names, all);
  }
  if (config.shared_expert_intermediate_size > 0) {
    add_mlp(prefix + names.shared_experts, names, all);
  }
}

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
  const TensorNames names = tensor_names(config.architecture);
  std::set<std::string> all = {names.embeddings, names.final_norm};
  if (!config.has_tied_embeddings) all.insert(names.head);
  for (int i = 0; i < config.num_layers; ++i) add_layer(config, names, i, all);
  return all;
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
