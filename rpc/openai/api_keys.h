#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "rpc/openai/api_error.h"

namespace unmask::rpc {

/// Who may ask for what costs something.
class ApiKeys {
 public:
  /// No keys: every program that can reach the server, unless there is a reason why nobody may; but
  /// no web page but its own, for a browser on this machine would ask on behalf of any site; nor
  /// under a name of the public DNS, which a site can point here.
  explicit ApiKeys(std::vector<std::string> keys, std::string closed_reason = {})
      : keys_(std::move(keys)), closed_reason_(std::move(closed_reason)) {}

  /// Which key a request shows, counted from 1; 0: none is needed. Takes as long for a wrong key as
  /// for a right one.
  ///
  /// Errors  401, 403
  [[nodiscard]] ApiResult<std::size_t> find(const HttpRequest& request) const;

 private:
  const std::vector<std::string> keys_;
  const std::string closed_reason_;
};

/// One key a line; blank lines and those that begin with # are none.
[[nodiscard]] std::vector<std::string> parse_api_keys(std::string_view text);

}  // namespace unmask::rpc
