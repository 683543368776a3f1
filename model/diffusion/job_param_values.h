#pragma once

#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "model/diffusion/job_param_table.h"
#include "model/diffusion/named_value.h"
#include "runtime/base/result.h"

namespace unmask::diffusion {

/// What a job was given, every value checked against the table, and all of them against each other.
class JobParamValues {
 public:
  /// Errors  as of parse_job_params
  static Result<JobParamValues> create(std::span<const NamedValue> given);

  [[nodiscard]] bool is_given(std::string_view name) const { return texts_.contains(name); }
  /// What was given, or the default of the row; empty: unset.
  [[nodiscard]] std::string_view text(std::string_view name) const;
  [[nodiscard]] bool boolean(std::string_view name) const { return text(name) == "true"; }
  [[nodiscard]] double number(std::string_view name) const;

 private:
  std::optional<Error> set(const NamedValue& given);
  std::optional<Error> resolve_alias();
  [[nodiscard]] std::optional<Error> find_idle() const;

  std::map<std::string_view, std::string> texts_;  // by a name of the table
};

/// Shown in messages: not longer than a line, without control characters.
std::string quoted(std::string_view text);

}  // namespace unmask::diffusion
