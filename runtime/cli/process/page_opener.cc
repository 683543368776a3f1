#include "runtime/cli/process/page_opener.h"

#include <unistd.h>

#include <cstdlib>
#include <sstream>
#include <utility>

namespace unmask::cli {
namespace {

constexpr const char* kOpener = "xdg-open";

std::string value_of(const std::map<std::string, std::string>& environment, const char* name) {
  const auto found = environment.find(name);
  return found == environment.end() ? "" : found->second;
}

/// Words of a command of $BROWSER; nothing in it is quoted.
std::vector<std::string> browser_command(const std::string& browser, const std::string& url) {
  std::istringstream words(browser.substr(0, browser.find(':')));
  std::vector<std::string> command;
  bool has_url = false;
  for (std::string word; words >> word;) {
    const std::size_t place = word.find("%s");
    if (place != std::string::npos) {
      word.replace(place, 2, url);
      has_url = true;
    }
    command.push_back(std::move(word));
  }
  if (!has_url && !command.empty()) command.push_back(url);
  return command;
}

bool is_in_path(const std::string& program) {
  const char* path = std::getenv("PATH");
  std::istringstream folders(path != nullptr ? path : "");
  for (std::string folder; std::getline(folders, folder, ':');) {
    if (access((folder + "/" + program).c_str(), X_OK) == 0) return true;
  }
  return false;
}

std::map<std::string, std::string> display_environment() {
  std::map<std::string, std::string> environment;
  for (const char* name : {"BROWSER", "DISPLAY", "WAYLAND_DISPLAY"}) {
    if (const char* value = std::getenv(name)) environment[name] = value;
  }
  return environment;
}

}  // namespace

Result<std::vector<std::string>> page_opener(
    const std::string& url, const std::map<std::string, std::string>& environment,
    const std::function<bool(const std::string& program)>& has_program) {
  const std::string browser = value_of(environment, "BROWSER");
  std::vector<std::string> command = browser_command(browser, url);
  if (!command.empty()) return command;
  if (value_of(environment, "DISPLAY").empty() &&
      value_of(environment, "WAYLAND_DISPLAY").empty()) {
    return Error{ErrorCode::kUnavailable, "there is no display here, and no $BROWSER"};
  }
  if (!has_program(kOpener)) {
    return Error{ErrorCode::kUnavailable, "there is no xdg-open here, and no $BROWSER"};
  }
  return std::vector<std::string>{kOpener, url};
}

void PageOpener::open(EventLoop& loop, const std::string& url,
                      std::function<void(const std::string& sentence)> say) {
  const std::string beginning = "the page is not opened: ";
  const auto command = page_opener(url, display_environment(), is_in_path);
  if (!command) return say(beginning + command.error().message);
  // A browser is not ours to end, nor is what an opener leaves behind.
  Process::Options options{.command = *command, .is_free = true};
  options.on_exit = [say, beginning, program = command->front()](ExitStatus status) {
    if (!status.is_success()) say(beginning + program + " " + status.describe());
  };
  auto started = Process::start(loop, std::move(options));
  if (!started) return say(beginning + started.error().message);
  process_ = std::move(*started);
}

}  // namespace unmask::cli
