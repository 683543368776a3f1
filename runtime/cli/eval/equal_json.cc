#include "runtime/cli/eval/equal_json.h"

#include <algorithm>
#include <boost/json.hpp>

namespace unmask::cli {
namespace {

namespace json = boost::json;

/// The parser bounds the depth.
bool are_equal(const json::value& left, const json::value& right) {
  if (left.is_number() && right.is_number()) {
    const bool is_real = left.is_double() || right.is_double();
    return is_real ? left.to_number<double>() == right.to_number<double>() : left == right;
  }
  if (left.kind() != right.kind()) return false;
  if (left.is_array()) {
    return std::ranges::equal(left.get_array(), right.get_array(), are_equal);
  }
  if (!left.is_object()) return left == right;
  const json::object& others = right.get_object();
  return left.get_object().size() == others.size() &&
         std::ranges::all_of(left.get_object(), [&](const json::key_value_pair& member) {
           const json::value* other = others.if_contains(member.key());
           return other != nullptr && are_equal(member.value(), *other);
         });
}

}  // namespace

bool equal_json(std::string_view text, std::string_view expected) {
  boost::system::error_code bad_text, bad_expected;
  const json::value left = json::parse({text.data(), text.size()}, bad_text);
  const json::value right = json::parse({expected.data(), expected.size()}, bad_expected);
  return !bad_text && !bad_expected && are_equal(left, right);
}

}  // namespace unmask::cli
