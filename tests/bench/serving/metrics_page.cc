#include "tests/bench/serving/metrics_page.h"

#include <boost/asio/connect.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/streambuf.hpp>
#include <boost/asio/write.hpp>
#include <charconv>
#include <iterator>

#include "runtime/os/host_port.h"

namespace unmask::bench {
namespace asio = boost::asio;

Result<std::string> fetch_metrics(const std::string& url) {
  constexpr std::string_view kScheme = "http://";
  const auto at = parse_host_port(url.substr(url.starts_with(kScheme) ? kScheme.size() : 0));
  if (!at) return at.error();
  asio::io_context context;
  asio::ip::tcp::socket socket(context);
  boost::system::error_code error;
  socket.connect({asio::ip::make_address(at->host, error), at->port}, error);
  const std::string request =
      "GET /metrics HTTP/1.1\r\nHost: " + at->host + "\r\nConnection: close\r\n\r\n";
  if (!error) asio::write(socket, asio::buffer(request), error);
  std::string page;
  if (!error) asio::read(socket, asio::dynamic_buffer(page), error);
  if (error == asio::error::eof) return page;
  return Error{ErrorCode::kUnavailable, "cannot read " + url + "/metrics: " + error.message()};
}

double sum_of(std::string_view page, std::string_view series) {
  double sum = 0;
  while (!page.empty()) {
    const std::string_view line = page.substr(0, page.find('\n'));
    page.remove_prefix(std::min(page.size(), line.size() + 1));
    if (!line.starts_with(series)) continue;
    const char behind = line.size() > series.size() ? line[series.size()] : '\0';
    if (behind != ' ' && behind != '{') continue;  // another series that begins alike
    const std::size_t space = line.rfind(' ');
    double value = 0;
    std::from_chars(line.data() + space + 1, line.data() + line.size(), value);
    sum += value;
  }
  return sum;
}

}  // namespace unmask::bench
