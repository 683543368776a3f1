#include "rpc/http/event_stream.h"

#include <algorithm>
#include <utility>

namespace unmask::rpc {

void EventStream::append(std::string_view bytes,
                         const std::function<void(const ServerEvent&)>& on_event) {
  for (const char byte : bytes) {
    const bool is_end = byte == '\r' || (byte == '\n' && !was_cr_);
    const bool is_rest_of_end = byte == '\n' && was_cr_;
    was_cr_ = byte == '\r';
    if (is_end) {
      take_line(on_event);
    } else if (!is_rest_of_end) {
      line_ += byte;
    }
  }
}

void EventStream::take_line(const std::function<void(const ServerEvent&)>& on_event) {
  std::string_view line = line_;
  if (std::exchange(is_first_, false) && line.starts_with("\xEF\xBB\xBF")) line.remove_prefix(3);
  if (line.empty()) {
    const ServerEvent event{name_.empty() ? "message" : std::move(name_), std::move(data_)};
    name_.clear();
    data_.clear();
    if (std::exchange(has_data_, false)) on_event(event);
  } else {
    const std::string_view field = line.substr(0, line.find(':'));
    std::string_view value = line.substr(std::min(field.size() + 1, line.size()));
    if (value.starts_with(' ')) value.remove_prefix(1);
    if (field == "event") name_ = value;
    if (field == "data") {
      if (std::exchange(has_data_, true)) data_ += '\n';
      data_ += value;
    }
  }
  line_.clear();
}

}  // namespace unmask::rpc
