/// Typed access to the keys of a JSON object of settings. Only sources include this.

#pragma once

#include <boost/json/object.hpp>
#include <cstdint>
#include <initializer_list>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "model/checkpoint/json.h"

namespace unmask::checkpoint {

/// A key of which the network computes some values only.
struct ConfigSwitch {
  std::string_view key;
  std::vector<boost::json::value> supported;  ///< absent and null are always
};

/// Answers with defaults and keeps the first error, so that a list of keys reads as a list. What
/// nobody asked for is in unread(): a key is used, passed over by name, or told to the user.
class ConfigReader {
 public:
  ConfigReader(const boost::json::object& object, std::string file)
      : object_(object), file_(std::move(file)) {}

  /// A whole number of [min, max], also as 1e4 or 10000.0; absent is an error.
  int count(std::string_view key, int min, int max);
  int count_or(std::string_view key, int min, int max, int otherwise);
  /// A finite number in (0, max].
  double positive_or(std::string_view key, double max, double otherwise);
  /// The same, where the value is of weight: it is a warning if it is absent.
  double positive_or_warn(std::string_view key, double max, double otherwise);
  bool flag_or(std::string_view key, bool otherwise);
  /// A token id below `vocab_size`; of a list the first, and a warning if there are others.
  std::optional<std::int32_t> token(std::string_view key, int vocab_size);
  /// One id or a list of them.
  std::vector<std::int32_t> tokens(std::string_view key, int vocab_size);

  /// It is an error if the key is there with a value that is not supported.
  void require(const ConfigSwitch& only);
  /// Another name of a number that was read: it is an error if `key` is there with another value.
  void require_same(std::string_view key, std::int64_t value);
  /// Keys that change nothing that is computed here.
  void pass_over(std::span<const std::string_view> keys);

  /// Absent and null are the same.
  [[nodiscard]] const boost::json::value* find(std::string_view key);
  void fail(const std::string& what);
  void fail_unsupported(std::string_view key, const boost::json::value& value,
                        std::string_view supported);
  void warn(const std::string& what) { warnings_.push_back(file_ + ": " + what); }

  [[nodiscard]] const std::optional<Error>& error() const { return error_; }
  /// Sentences for people, each with the file.
  [[nodiscard]] const std::vector<std::string>& warnings() const { return warnings_; }
  /// The keys that have a value and that nobody asked for, in the order of the file, for people.
  [[nodiscard]] std::vector<std::string> unread() const;

 private:
  void fail(std::string_view key, const boost::json::value& value, const std::string& needed);

  const boost::json::object& object_;
  const std::string file_;
  std::set<std::string, std::less<>> read_;
  std::vector<std::string> warnings_;
  std::optional<Error> error_;
};

}  // namespace unmask::checkpoint
