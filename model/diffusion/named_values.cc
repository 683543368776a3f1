#include <optional>
#include <utility>
#include <variant>

#include "model/diffusion/job_params.h"
#include "model/diffusion/param_text.h"

namespace unmask::diffusion {
namespace {

template <typename Params>
std::vector<NamedValue> all_of(const Params& params) {
  std::vector<NamedValue> values;
  Params::for_each_param(params, [&](const Param& param, const auto& field) {
    values.push_back({std::string(param.name), text_of(field)});
  });
  return values;
}

/// The fields that differ from their defaults, and the parts of what is chosen.
class Differences {
 public:
  template <typename Params>
  void add(const Params& params, const Params& defaults) {
    const std::vector<NamedValue> unchanged = all_of(defaults);
    std::size_t i = 0;
    Params::for_each_param(params, [&](const Param& param, const auto& field) {
      NamedValue value{std::string(param.name), text_of(field)};
      if (value != unchanged[i++]) all.push_back(std::move(value));
      add_parts(field);
    });
  }

  std::vector<NamedValue> all;

 private:
  void add_parts(const auto& /*field*/) {}

  template <typename... Alternatives>
  void add_parts(const std::variant<Alternatives...>& choice) {
    std::visit([&]<typename Params>(const Params& params) { add(params, Params{}); }, choice);
  }

  template <typename... Alternatives>
  void add_parts(const std::optional<std::variant<Alternatives...>>& choice) {
    if (choice) add_parts(*choice);
  }

  template <typename Params>
  void add_parts(const std::optional<Params>& params) {
    if (params) add(*params, Params{});
  }

  void add_parts(const Compat& compat) { add(compat, preset_of(compat)->compat); }
};

}  // namespace

std::vector<NamedValue> named_values(const DiffusionParams& params) {
  Differences differences;
  differences.add(params, DiffusionParams{});
  return std::move(differences.all);
}

}  // namespace unmask::diffusion
