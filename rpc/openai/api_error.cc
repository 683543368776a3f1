#include "rpc/openai/api_error.h"

#include <boost/json.hpp>
#include <string_view>

#include "rpc/openai/json_page.h"

namespace unmask::rpc {
namespace {

namespace json = boost::json;

/// OpenAI's word for a status.
std::string_view type_of(int status) {
  switch (status) {
    case 401:
      return "authentication_error";
    case 403:
      return "permission_error";
    case 429:
      return "rate_limit_error";
    case 503:
      return "service_unavailable";
    case 408:
    case 504:
      return "timeout";
    default:
      return status < 500 ? "invalid_request_error" : "server_error";
  }
}

json::value text_or_null(const std::string& text) {
  return text.empty() ? json::value(nullptr) : json::value(text);
}

}  // namespace

ApiError api_error_of(const Error& error) {
  switch (error.code) {
    case ErrorCode::kInvalidArgument:
      return {400, error.message};
    case ErrorCode::kTooLong:
      // Some clients know it by a phrase of others, "prompt is too long".
      return {400, "the prompt is too long for an answer of this length: " + error.message,
              "messages", "context_length_exceeded"};
    case ErrorCode::kNotFound:
      return {404, error.message, {}, "not_found"};
    case ErrorCode::kOverloaded:
      return {503, error.message, {}, "server_overloaded"};
    case ErrorCode::kUnavailable:
      return {503, error.message, {}, "unavailable"};
    case ErrorCode::kCancelled:
      return {400, error.message, {}, "cancelled"};
    case ErrorCode::kDeadlineExceeded:
      return {504, error.message, {}, "deadline_exceeded"};
    case ErrorCode::kInternal:
      break;
  }
  return {500, error.message, {}, "internal"};
}

std::string to_json(const ApiError& error) {
  return json::serialize(json::object{{"error",
                                       {{"message", error.message},
                                        {"type", type_of(error.status)},
                                        {"param", text_or_null(error.param)},
                                        {"code", text_or_null(error.code)}}}});
}

HttpResponse to_response(const ApiError& error) {
  HttpResponse response = json_text_page(to_json(error), error.status);
  if (error.status == 401) response.fields["WWW-Authenticate"] = "Bearer";
  // Clients of OpenAI try again on every 5xx; what failed for good must say so.
  if (error.status >= 500 && error.status != 503) response.fields["X-Should-Retry"] = "false";
  return response;
}

HttpResponse as_api_error(HttpResponse refusal) {
  while (refusal.body.ends_with('\n')) refusal.body.pop_back();
  const std::string code = refusal.status == 413 ? "request_too_large" : "";
  HttpResponse response = to_response({refusal.status, std::move(refusal.body), {}, code});
  response.fields.merge(refusal.fields);
  return response;
}

}  // namespace unmask::rpc
