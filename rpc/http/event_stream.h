#pragma once

#include <functional>
#include <string>
#include <string_view>

namespace unmask::rpc {

/// One server-sent event.
struct ServerEvent {
  std::string name;  ///< of its kind; "message" unless it says another
  std::string data;  ///< its lines, with a newline between them
};

/// Reads a body of text/event-stream, wherever it is cut.
///
/// Lines end with CR, LF or both; comments, ids and unknown fields are skipped, as is an event
/// without data, or one that the body ends in.
///
/// Source  html.spec.whatwg.org/multipage/server-sent-events.html, "Interpreting an event stream"
class EventStream {
 public:
  /// The next bytes of the body; calls back for each event that ends within them.
  void append(std::string_view bytes, const std::function<void(const ServerEvent&)>& on_event);

 private:
  void take_line(const std::function<void(const ServerEvent&)>& on_event);

  std::string line_;         // so far
  bool was_cr_ = false;      // a newline behind it ends no other line
  bool is_first_ = true;     // a byte order mark may stand before it
  std::string name_, data_;  // of the event so far
  bool has_data_ = false;
};

}  // namespace unmask::rpc
