/// Errors in OpenAI's form, which its clients turn into exceptions.

#pragma once

#include <boost/system/result.hpp>
#include <string>
#include <utility>

#include "rpc/http/http_message.h"
#include "runtime/base/result.h"

namespace unmask::rpc {

struct ApiError {
  int status = 400;
  std::string message;
  std::string param{};  ///< the field that is wrong; empty: none
  std::string code{};   ///< to branch on; empty: none
};

template <typename T>
using ApiResult = boost::system::result<T, ApiError>;

/// A field of a request cannot be right.
inline ApiError bad_field(std::string param, std::string message, std::string code = {}) {
  return {400, std::move(message), std::move(param), std::move(code)};
}

/// What the cluster says, as a status: 400, 404, 503, 504, 500.
[[nodiscard]] ApiError api_error_of(const Error& error);

/// {"error": {message, type, param, code}}
[[nodiscard]] std::string to_json(const ApiError& error);

/// With Retry-After where trying again helps, and the word not to where it does not.
[[nodiscard]] HttpResponse to_response(const ApiError& error);

/// What the HTTP server refuses in plain text, in OpenAI's form.
[[nodiscard]] HttpResponse as_api_error(HttpResponse refusal);

}  // namespace unmask::rpc
