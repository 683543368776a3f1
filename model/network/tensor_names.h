#pragma once

#include <string>

#include "model/checkpoint/model_config.h"

namespace unmask::network {

/// What a checkpoint of one architecture calls its tensors. Of a layer: behind `layer_prefix` and
/// its number and a dot.
struct TensorNames {
  std::string embeddings;
  std::string final_norm;
  std::string head;
  std::string layer_prefix;

  std::string input_norm;
  std::string post_attention_norm;
  std::string q, k, v;  ///< one name thrice: stacked by rows in this order
  std::string q_norm, k_norm;
  std::string o;

  std::string gate, up, down;  ///< of a dense layer's MLP

  std::string router;
  std::string expert_bias;                          ///< empty: none
  std::string experts;                              ///< prefix of an expert's number
  std::string shared_experts;                       ///< prefix; empty: none
  std::string expert_gate, expert_up, expert_down;  ///< behind an expert's prefix
};

TensorNames tensor_names(checkpoint::Architecture architecture);

}  // namespace unmask::network
