#include "runtime/cli/chat/conversation.h"

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>
#include <utility>

#include "model/diffusion/job_params.h"

namespace unmask::cli {

Result<> Conversation::set(std::string_view assignment) {
  Result<diffusion::NamedValue> named = diffusion::parse_assignment(assignment);
  if (!named) return named.error();
  std::vector<actors::Parameter> all = parameters_;
  std::erase_if(all, [&](const actors::Parameter& one) { return one.name == named->name; });
  all.push_back(std::move(*named));
  if (const auto parsed = diffusion::parse_job_params(all); !parsed) return parsed.error();
  parameters_ = std::move(all);
  return {};
}

bool Conversation::take_back_question() {
  if (messages_.empty() || messages_.back().role != "user") return false;
  messages_.pop_back();
  return true;
}

bool Conversation::take_back_answer() {
  if (messages_.empty()) return false;
  if (messages_.back().role == "assistant") messages_.pop_back();
  return true;
}

std::vector<tokenizer::ChatMessage> Conversation::messages() const {
  std::vector<tokenizer::ChatMessage> all;
  if (!system_.empty()) all.push_back({"system", system_});
  all.insert(all.end(), messages_.begin(), messages_.end());
  return all;
}

std::string Conversation::to_json() const {
  boost::json::array all;
  for (const auto& [role, content] : messages()) {
    all.push_back(boost::json::object{{"role", role}, {"content", content}});
  }
  return boost::json::serialize(all) + "\n";
}

}  // namespace unmask::cli
