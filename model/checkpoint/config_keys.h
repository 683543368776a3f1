/// The keys of a config.json that need no reading. Only sources include this.

#pragma once

#include <span>
#include <string_view>
#include <vector>

#include "model/checkpoint/config_reader.h"
#include "model/checkpoint/model_config.h"

namespace unmask::checkpoint {

/// Keys of which the network does one value, or a few.
std::vector<ConfigSwitch> config_switches(Architecture architecture);

/// Keys that change nothing in a forward pass, whatever their value: of training, of the library
/// that wrote the file, of precision, and of how a library computes the same.
std::vector<std::string_view> harmless_keys(Architecture architecture);

}  // namespace unmask::checkpoint
