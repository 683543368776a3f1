#pragma once

#include <string>

namespace unmask::rpc {

/// The table of job parameters as programs read it, for `GET /v1/parameters`:
///
///   {"object": "list", "data": [{"name", "type", "help", "default", "min", "max", "unit",
///     "choices", "applies_to": {"parameter", "values"}, "other_defaults": [{"value", "for"}]}],
///    "presets": [{"name", "help", "values": {NAME: VALUE}}]}
///
/// type: integer, number, boolean or choice, as `default` and the values of other_defaults are
/// written. A default of null: nothing is set. min and max are inclusive, in `unit`, and those of
/// numbers alone. applies_to: null, or the choice with which the parameter is read at all.
std::string parameter_table_json();

}  // namespace unmask::rpc
