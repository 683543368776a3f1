/// Reading the JSON of a request. Only sources include this: Boost stays out of public headers.

#pragma once

#include <boost/json/object.hpp>
#include <boost/json/value.hpp>
#include <cstdint>
#include <initializer_list>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>

#include "rpc/openai/api_error.h"

namespace unmask::rpc {

inline constexpr std::size_t kMaxJsonDepth = 32;

/// A body whose top is an object; its size the server bounds.
///
/// Errors  400: no JSON, no UTF-8, nested too deeply, no object
[[nodiscard]] ApiResult<boost::json::object> parse_json_body(std::string_view body);

/// A number, boolean or text as `--set name=value` takes it.
[[nodiscard]] std::string parameter_text(const boost::json::value& value);

/// The fields of one object, asked for one by one. The first that is wrong makes the error; what
/// was never asked for is wrong, too. null is the same as leaving a field out.
class JsonFields {
 public:
  /// path: of the object in the request, with a dot at its end; empty: the request itself.
  explicit JsonFields(const boost::json::object& object, std::string path = {})
      : object_(object), path_(std::move(path)) {}

  [[nodiscard]] const boost::json::value* take(std::string_view key);
  [[nodiscard]] std::optional<bool> flag(std::string_view key);
  [[nodiscard]] std::optional<std::int64_t> integer(std::string_view key, std::int64_t least,
                                                    std::int64_t most);
  [[nodiscard]] std::optional<double> number(std::string_view key);
  [[nodiscard]] std::optional<std::string> text(std::string_view key);
  [[nodiscard]] const boost::json::object* object(std::string_view key);
  [[nodiscard]] const boost::json::array* array(std::string_view key);

  /// Changes nothing of an answer: whatever it is.
  void ignore(std::initializer_list<std::string_view> keys) {
    for (const std::string_view key : keys) (void)take(key);
  }
  /// Would change the answer, which cannot be done here: only the values that change nothing pass.
  void refuse_unless(std::string_view key, std::initializer_list<boost::json::value> neutral);

  /// For an object inside of this one.
  void take_error_of(JsonFields& inner) {
    std::optional<ApiError> error = inner.finish();
    if (error && !error_) error_ = std::move(error);
  }
  void fail(std::string_view key, const std::string& sentence, const std::string& code = {});
  /// The first thing that is wrong, if anything is. The last call.
  [[nodiscard]] std::optional<ApiError> finish();

 private:
  const boost::json::object& object_;
  const std::string path_;
  std::set<std::string, std::less<>> known_;
  std::optional<ApiError> error_;
};

}  // namespace unmask::rpc
