#include "runtime/cli/doctor/check_text.h"

#include <algorithm>
#include <boost/json.hpp>
#include <string_view>

#include "runtime/cli/text/characters.h"

namespace unmask::cli {
namespace {

std::string_view color_of(Verdict verdict) {
  switch (verdict) {
    case Verdict::kOk:
      return "\x1b[32m";  // green
    case Verdict::kNote:
      return "\x1b[33m";  // yellow
    case Verdict::kProblem:
      return "\x1b[31m";  // red
  }
  return "";
}

std::string filled(std::string_view text, std::size_t width) {
  std::string all(text);
  all.resize(std::max(width, all.size()), ' ');
  return all;
}

std::string plural(int count, const char* noun) {
  return std::to_string(count) + " " + noun + (count == 1 ? "" : "s");
}

}  // namespace

std::string_view name_of(Verdict verdict) {
  constexpr std::string_view kNames[] = {"ok", "note", "problem"};
  return kNames[std::size_t(verdict)];
}

int count_of(Verdict verdict, const std::vector<Check>& checks) {
  return int(std::ranges::count(checks, verdict, &Check::verdict));
}

std::string to_text(const std::vector<Check>& checks, bool has_color) {
  constexpr std::size_t kVerdictWidth = 9;
  std::size_t name_width = 0;
  for (const Check& check : checks) name_width = std::max(name_width, check.name.size() + 2);
  std::string text;
  for (const Check& check : checks) {
    const std::string verdict = filled(name_of(check.verdict), kVerdictWidth);
    text += has_color ? std::string(color_of(check.verdict)) + verdict + "\x1b[0m" : verdict;
    text += filled(check.name, name_width) + printable(check.found) + "\n";
    if (check.advice.empty()) continue;
    text += std::string(kVerdictWidth + name_width, ' ') + "-> " + printable(check.advice) + "\n";
  }
  return text + plural(int(checks.size()), "check") + ": " +
         plural(count_of(Verdict::kNote, checks), "note") + ", " +
         plural(count_of(Verdict::kProblem, checks), "problem") + "\n";
}

boost::json::array to_json(const std::vector<Check>& checks) {
  boost::json::array list;
  for (const Check& check : checks) {
    list.push_back(boost::json::object{{"name", check.name},
                                       {"verdict", boost::json::string(name_of(check.verdict))},
                                       {"found", check.found},
                                       {"advice", check.advice}});
  }
  return list;
}

}  // namespace unmask::cli
