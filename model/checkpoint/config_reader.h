/// Typed access to the keys of a config.json. Only sources include this.

#pragma once

#include <boost/json/object.hpp>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "model/checkpoint/json.h"

namespace unmask::checkpoint {

/// Answers with defaults and keeps the first error, so that a list of keys reads as a list.
class ConfigReader {
 public:
  ConfigReader(const boost::json::object& object, std::string file)
      : object_(object), file_(std::move(file)) {}

  /// An integer of [min, max]; absent is an error.
  int count(std::string_view key, int min, int max);
  int count_or(std::string_view key, int min, int max, int otherwise);
  /// A finite number in (0, max].
  double positive_or(std::string_view key, double max, double otherwise);
  bool flag_or(std::string_view key, bool otherwise);
  /// A token id below `vocab_size`; of a list the first.
  std::optional<std::int32_t> token(std::string_view key, int vocab_size);

  /// Whatever the network does not do: it is an error if `key` is there with another value.
  void require(std::string_view key, const boost::json::value& only);

  /// Absent and null are the same.
  [[nodiscard]] const boost::json::value* find(std::string_view key) const;
  void fail(const std::string& what);
  [[nodiscard]] const std::optional<Error>& error() const { return error_; }

 private:
  void fail(std::string_view key, const boost::json::value& value, const std::string& needed);

  const boost::json::object& object_;
  const std::string file_;
  std::optional<Error> error_;
};

}  // namespace unmask::checkpoint
