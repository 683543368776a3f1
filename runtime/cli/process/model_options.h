#pragma once

#include <string>
#include <vector>

#include "runtime/cli/command_line.h"
#include "runtime/config/config.h"

namespace unmask::cli {

/// The flags of a command that computes in this process: which model, where and how.
struct ModelOptions {
  std::string model;
  std::string dtype;
  std::string numerics;
  std::string threads;
  std::string instructions;
  std::string device;
  std::string chat_template;

  void add_to(Command command);

  /// A flag that was given; empty if none was.
  [[nodiscard]] std::string first_given() const;

  /// `more` is stronger.
  ///
  /// Errors  those of load_local_config()
  [[nodiscard]] Result<ClusterConfig> load(std::vector<ConfigFlag> more) const;

 private:
  [[nodiscard]] std::vector<ConfigFlag> config_flags() const;
};

}  // namespace unmask::cli
