/// What the readers of tokenizer files share. Only sources include this.

#pragma once

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/value.hpp>
#include <string>
#include <string_view>

#include "model/checkpoint/json.h"
#include "runtime/base/result.h"

namespace unmask::tokenizer {

inline Error malformed(const std::string& file, const std::string& what) {
  return {ErrorCode::kInvalidArgument, file + ": " + what};
}

/// A field of `object`; absent and null are the same.
inline const boost::json::value* find(const boost::json::object& object, std::string_view name) {
  const boost::json::value* value = object.if_contains(name);
  return value == nullptr || value->is_null() ? nullptr : value;
}

/// A field that is an object, or null.
inline const boost::json::object* find_object(const boost::json::object& object,
                                              std::string_view name) {
  const boost::json::value* value = object.if_contains(name);
  return value == nullptr ? nullptr : value->if_object();
}

/// A field that is a list, or null.
inline const boost::json::array* find_list(const boost::json::object& object,
                                           std::string_view name) {
  const boost::json::value* value = object.if_contains(name);
  return value == nullptr ? nullptr : value->if_array();
}

/// A field that is a string, or empty.
inline std::string_view text_of(const boost::json::object& object, std::string_view name) {
  const boost::json::value* value = object.if_contains(name);
  return value == nullptr || !value->is_string() ? std::string_view() : value->get_string();
}

/// A field that is true or false, or what holds without it.
inline bool flag_of(const boost::json::object& object, std::string_view name, bool otherwise) {
  const boost::json::value* value = object.if_contains(name);
  return value == nullptr || !value->is_bool() ? otherwise : value->get_bool();
}

}  // namespace unmask::tokenizer
