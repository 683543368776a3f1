/// Files as a careless or hostile hand would leave them.

#pragma once

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/value.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "runtime/base/rng.h"

namespace unmask {

/// `text` after one to four changes: bytes replaced, put in, taken out, written twice or cut off.
inline std::string mutated_text(std::string text, Rng& rng) {
  constexpr std::string_view kBytes = "\"\\{}[],:0-19.eEtn \n\0\x7f\xc3\xff";
  for (std::uint64_t changes = 1 + rng.below(4); changes > 0 && !text.empty(); --changes) {
    const std::size_t at = rng.below(text.size());
    const std::size_t length = 1 + rng.below(rng.chance(0.1) ? text.size() - at : 4);
    const char byte = kBytes[rng.below(kBytes.size())];
    switch (rng.below(5)) {
      case 0:
        text[at] = byte;
        break;
      case 1:
        text.insert(at, 1, byte);
        break;
      case 2:
        text.erase(at, length);
        break;
      case 3:
        text.insert(at, text.substr(at, length));
        break;
      default:
        if (rng.chance(0.2)) text.resize(at);
    }
  }
  return text;
}

/// The values of a document, its top included.
inline void collect(boost::json::value& value, std::vector<boost::json::value*>& values) {
  values.push_back(&value);
  if (value.is_object()) {
    for (auto& member : value.get_object()) collect(member.value(), values);
  } else if (value.is_array()) {
    for (boost::json::value& item : value.get_array()) collect(item, values);
  }
}

/// `document`, still JSON, after one to three changes: a value replaced by one that is odd or by
/// another of the document, or taken out.
inline boost::json::value mutated_json(boost::json::value document, Rng& rng) {
  namespace json = boost::json;
  const json::value odd[] = {nullptr,
                             true,
                             false,
                             0,
                             -1,
                             1,
                             1 << 20,
                             INT64_MAX,
                             INT64_MIN,
                             UINT64_MAX,
                             0.5,
                             1e308,
                             "",
                             "x",
                             "F32",
                             "a b",
                             json::array{},
                             json::object{},
                             json::array{0, 0},
                             json::array{"a", "b"}};
  for (std::uint64_t changes = 1 + rng.below(3); changes > 0; --changes) {
    std::vector<json::value*> values;
    collect(document, values);
    json::value& changed = *values[rng.below(values.size())];
    const json::value other = *values[rng.below(values.size())];
    if (rng.chance(0.3)) {
      changed = other;
    } else if (rng.chance(0.2) && changed.is_object() && !changed.get_object().empty()) {
      changed.get_object().erase(changed.get_object().begin() +
                                 std::ptrdiff_t(rng.below(changed.get_object().size())));
    } else if (rng.chance(0.2) && changed.is_array()) {
      changed.get_array().push_back(other);
    } else {
      changed = odd[rng.below(std::size(odd))];
    }
  }
  return document;
}

}  // namespace unmask
