#include "rpc/openai/frame_stream.h"

#include <boost/json.hpp>
#include <cmath>
#include <string_view>
#include <utility>

namespace unmask::rpc {
namespace {

namespace json = boost::json;
using Cell = actors::Frame::Cell;

/// A guess that is as sure as before, but for this, is no news.
constexpr float kSameConfidence = 0.05f;

bool is_decided(const Cell& cell) { return cell.token >= 0 && !cell.is_guess; }

bool is_news(const Cell& before, const Cell& now) {
  if (before.token != now.token || before.is_guess != now.is_guess) return true;
  return now.is_guess && std::abs(before.confidence - now.confidence) >= kSameConfidence;
}

/// before: as the viewer knows it; null: not at all.
std::string_view state_of(const Cell* before, const Cell& now) {
  const bool was_decided = before != nullptr && is_decided(*before);
  if (is_decided(now)) {
    return was_decided && before->token != now.token ? "edited" : "committed";
  }
  if (was_decided) return "remasked";
  return now.is_guess ? "guess" : "hole";
}

json::value confidence_json(float confidence) {
  if (confidence < 0) return nullptr;
  return std::round(double(confidence) * 1000) / 1000;
}

json::array change_json(std::size_t offset, std::string_view state, const Cell& now) {
  if (state == "hole" || state == "remasked") return {offset, nullptr, state, nullptr, nullptr};
  return {offset, now.text, state, confidence_json(now.confidence), now.token};
}

/// What the viewer knows after a change.
Cell told_of(std::string_view state, const Cell& now) {
  if (state == "remasked") return {};  // its guess is for the next frame
  return {now.token, now.is_guess, now.confidence};
}

}  // namespace

std::optional<json::object> FrameStream::take(actors::Frame frame, Time now, bool is_behind) {
  if (is_behind || (last_ && now - *last_ < kInterval)) {
    waiting_ = std::move(frame);
    return std::nullopt;
  }
  waiting_.reset();
  last_ = now;
  return say(frame);
}

std::optional<json::object> FrameStream::flush() {
  const auto frame = std::exchange(waiting_, std::nullopt);
  return frame ? say(*frame) : std::nullopt;
}

std::optional<json::object> FrameStream::say(const actors::Frame& frame) {
  const bool is_full = block_ != frame.block || told_.size() != frame.cells.size();
  if (is_full) told_.assign(frame.cells.size(), {});
  block_ = frame.block;
  json::array changes;
  for (std::size_t i = 0; i < frame.cells.size(); ++i) {
    const Cell& now = frame.cells[i];
    if (!is_full && !is_news(told_[i], now)) continue;
    const std::string_view state = state_of(is_full ? nullptr : &told_[i], now);
    changes.push_back(change_json(i, state, now));
    told_[i] = told_of(state, now);
  }
  if (changes.empty()) return std::nullopt;
  return json::object{{"block", frame.block},          {"step", frame.iteration},
                      {"base", frame.positions.begin}, {"length", frame.positions.size()},
                      {"masked", frame.num_holes},     {"full", is_full},
                      {"changes", std::move(changes)}};
}

}  // namespace unmask::rpc
