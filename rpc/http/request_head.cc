#include "rpc/http/request_head.h"

#include <algorithm>
#include <string>

namespace unmask::rpc {
namespace {

constexpr std::string_view kEndOfLine = "\r\n";

bool is_control(char c) { return (static_cast<unsigned char>(c) < ' ' && c != '\t') || c == 0x7f; }

bool is_blank(char c) { return c == ' ' || c == '\t'; }

char lower(char c) { return c >= 'A' && c <= 'Z' ? char(c - 'A' + 'a') : c; }

bool equal_letters(std::string_view a, std::string_view b) {
  return std::ranges::equal(a, b, {}, lower, lower);
}

/// Takes the first line off `text`.
std::string_view next_line(std::string_view& text) {
  const std::size_t end = text.find(kEndOfLine);
  const std::string_view line = text.substr(0, end);
  text.remove_prefix(end + kEndOfLine.size());
  return line;
}

/// The fields that say where a request ends and whom it is for.
struct Framing {
  std::string_view method;
  bool is_version_1_0 = false;
  int num_hosts = 0;
  int num_lengths = 0;
  int num_codings = 0;
  bool has_body = false;
};

std::optional<HttpResponse> read_request_line(std::string_view line, Framing& framing) {
  const std::size_t first = line.find(' ');
  const std::size_t last = line.rfind(' ');
  if (first == std::string_view::npos || first == last) {
    return rejection(400, "the request line is not METHOD TARGET VERSION");
  }
  const std::string_view target = line.substr(first + 1, last - first - 1);
  const std::string_view version = line.substr(last + 1);
  if (!version.starts_with("HTTP/"))
    return rejection(400, "the request line names no HTTP version");
  framing.is_version_1_0 = version == "HTTP/1.0";
  if (version != "HTTP/1.1" && !framing.is_version_1_0) {
    return rejection(505, "this server speaks HTTP/1.1");
  }
  if (!target.starts_with('/')) return rejection(400, "the target does not begin with /");
  if (target.find(' ') != std::string_view::npos) return rejection(400, "the target has a space");
  framing.method = line.substr(0, first);
  return std::nullopt;
}

std::optional<HttpResponse> read_field(std::string_view line, Framing& framing) {
  if (is_blank(line.front())) return rejection(400, "a field goes on in a second line");
  const std::size_t colon = line.find(':');
  if (colon == std::string_view::npos) return rejection(400, "a field has no colon");
  const std::string_view name = line.substr(0, colon);
  std::string_view value = line.substr(colon + 1);
  while (!value.empty() && is_blank(value.front())) value.remove_prefix(1);
  while (!value.empty() && is_blank(value.back())) value.remove_suffix(1);

  if (equal_letters(name, "host")) ++framing.num_hosts;
  if (equal_letters(name, "content-length")) {
    ++framing.num_lengths;
    if (value.empty() || value.find_first_not_of("0123456789") != std::string_view::npos) {
      return rejection(400, "Content-Length is no number");
    }
    framing.has_body = value.find_first_not_of('0') != std::string_view::npos;
  }
  if (equal_letters(name, "transfer-encoding")) {
    ++framing.num_codings;
    framing.has_body = true;
    if (!equal_letters(value, "chunked")) {
      return rejection(400, "the only Transfer-Encoding here is chunked");
    }
  }
  if (equal_letters(name, "expect") && !equal_letters(value, "100-continue")) {
    return rejection(417, "the only Expect here is 100-continue");
  }
  return std::nullopt;
}

std::optional<HttpResponse> reject_framing(const Framing& framing) {
  if (framing.num_hosts > 1) return rejection(400, "there are two Host fields");
  if (framing.num_hosts == 0 && !framing.is_version_1_0) {
    return rejection(400, "there is no Host field");
  }
  if (framing.num_lengths + framing.num_codings > 1) {
    return rejection(400, "Content-Length and Transfer-Encoding: one of them, once");
  }
  if (framing.num_codings > 0 && framing.is_version_1_0) {
    return rejection(400, "HTTP/1.0 has no Transfer-Encoding");
  }
  if (framing.has_body && (framing.method == "GET" || framing.method == "HEAD")) {
    return rejection(400, "GET and HEAD have no body");
  }
  return std::nullopt;
}

}  // namespace

HttpResponse rejection(int status, std::string_view sentence) {
  HttpResponse response;
  response.status = status;
  response.body = std::string(sentence) + "\n";
  return response;
}

HeadScanner::State HeadScanner::scan(std::string_view received) {
  for (; num_scanned_ < received.size(); ++num_scanned_) {
    const char c = received[num_scanned_];
    const bool is_after_cr = num_scanned_ > 0 && received[num_scanned_ - 1] == '\r';
    if ((c == '\n') != is_after_cr) return State::kMalformed;
    if (is_control(c) && c != '\r' && c != '\n') return State::kMalformed;
    if (c == '\n' && received.substr(0, num_scanned_ + 1).ends_with("\r\n\r\n")) {
      ++num_scanned_;
      return State::kComplete;
    }
  }
  return State::kIncomplete;
}

std::optional<HttpResponse> reject_head(std::string_view head, const HttpLimits& limits) {
  Framing framing;
  if (auto refused = read_request_line(next_line(head), framing)) return refused;
  for (std::size_t num_fields = 0; head != kEndOfLine;) {
    const std::string_view line = next_line(head);
    if (++num_fields > limits.max_fields) {
      return rejection(431, "there are more than " + std::to_string(limits.max_fields) + " fields");
    }
    if (line.size() > limits.max_field_bytes) {
      return rejection(
          431, "a field is longer than " + std::to_string(limits.max_field_bytes) + " bytes");
    }
    if (auto refused = read_field(line, framing)) return refused;
  }
  return reject_framing(framing);
}

}  // namespace unmask::rpc
