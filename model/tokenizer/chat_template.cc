#include "model/tokenizer/chat_template.h"

#include <algorithm>
#include <utility>

#include "model/checkpoint/json.h"
#include "model/tokenizer/chat_renderers.h"
#include "model/tokenizer/template_text.h"
#include "runtime/base/utf8.h"

namespace unmask::tokenizer {
namespace {

constexpr std::string_view kLlada =
    "{%set loop_messages=messages%}{%for message in loop_messages%}"
    "{%set content='<|start_header_id|>'+message.role+'<|end_header_id|>\n\n'"
    "+message.content|trim+'<|eot_id|>'%}"
    "{%if loop.index0==0%}{%set content=bos_token+content%}{%endif%}{{content}}{%endfor%}"
    "{%if add_generation_prompt%}{{'<|start_header_id|>assistant<|end_header_id|>\n\n'}}{%endif%}";

constexpr std::string_view kLlada2 =
    "{{'<role>SYSTEM</role>'}}{%if messages and messages[0].role=='system'%}"
    "{{messages[0].content+'\n'}}{%endif%}{{'detailed thinking off<|role_end|>'}}"
    "{%for message in messages%}{%if message.role=='user'%}"
    "{{'<role>HUMAN</role>'+message.content+'<|role_end|>'}}{%elif message.role=='assistant'%}"
    "{{'<role>ASSISTANT</role>'+message.content+'<|role_end|>'}}{%endif%}{%endfor%}"
    "{%if add_generation_prompt%}{{'<role>ASSISTANT</role>'}}{%endif%}";

constexpr std::string_view kUnmask =
    "{%for m in messages%}{%if m.role=='system'%}<role>SYSTEM</role>{{m.content}}<|role_end|>"
    "{%elif m.role=='user'%}<role>HUMAN</role>{{m.content}}<|role_end|>"
    "{%else%}<role>ASSISTANT</role>{{m.content}}<|endoftext|>{%endif%}{%endfor%}"
    "{%if add_generation_prompt%}<role>ASSISTANT</role>{%endif%}";

constexpr std::string_view kChatml =
    "{%for message in "
    "messages%}{{'<|im_start|>'+message.role+'\n'+message.content+'<|im_end|>'+'\n'}}"
    "{%endfor%}{%if add_generation_prompt%}{{'<|im_start|>assistant\n'}}{%endif%}";

constexpr std::string_view kChatmlInOneString =
    "{%for message in messages%}{{'<|im_start|>'+message.role+'\n'+message.content+'<|im_end|>\n'}}"
    "{%endfor%}{%if add_generation_prompt%}{{'<|im_start|>assistant\n'}}{%endif%}";

// What Ling's template says where it handles messages; between these it is about tools.
constexpr std::string_view kLing[] = {
    "{%set thinking_option='off'%}",
    "{{'<role>SYSTEM</role>'}}",
    "{%if messages[0].role=='system'%}{{messages[0].content+'\n'}}{%endif%}",
    "{%if tools%}",
    "{{'detailed thinking '+thinking_option+'<|role_end|>'}}",
    "{%if message.role=='user'%}{{'<role>HUMAN</role>'+message.content+'<|role_end|>'}}",
    "{%elif message.role=='system'and not loop.first%}"
    "{{'<role>SYSTEM</role>'+message.content+'<|role_end|>'}}",
    "{%if loop.index0>ns.last_query_index%}",
    "{{'<role>ASSISTANT</role>'+content}}",
    "{{'<|role_end|>'}}",
    "{%if add_generation_prompt%}{{'<role>ASSISTANT</role>'}}{%endif%}"};

/// A template that is known: its text, or phrases of that in their order. Of several with
/// one name the first is what the name stands for.
struct KnownTemplate {
  std::string_view name;
  std::span<const std::string_view> phrases;
  RenderedChat (*render)(const ChatContext& context) = nullptr;
  bool needs_bos_token = false;
};

constexpr KnownTemplate kKnown[] = {{"chatml", {&kChatml, 1}, render_chatml},
                                    {"chatml", {&kChatmlInOneString, 1}, render_chatml},
                                    {"ling", kLing, render_ling},
                                    {"llada", {&kLlada, 1}, render_llada, true},
                                    {"llada2", {&kLlada2, 1}, render_llada2},
                                    {"unmask", {&kUnmask, 1}, render_unmask}};

/// Whether `text`, a normal form, is the one phrase, or begins with the first, ends with the last,
/// and has the others between them.
bool consists_of(std::string_view text, std::span<const std::string_view> phrases) {
  const std::string first = normal_form(phrases.front());
  if (phrases.size() == 1) return text == first;
  if (!text.starts_with(first) || !text.ends_with(normal_form(phrases.back()))) return false;
  for (const std::string_view written : phrases) {
    const std::string phrase = normal_form(written);
    const std::size_t at = text.find(phrase);
    if (at == std::string_view::npos) return false;
    text.remove_prefix(at + phrase.size());
  }
  return true;
}

const KnownTemplate* find_named(std::string_view name) {
  const auto known = std::ranges::find(kKnown, name, &KnownTemplate::name);
  return known == std::end(kKnown) ? nullptr : known;
}

Error refused(const std::string& why) { return {ErrorCode::kInvalidArgument, why}; }

/// Whether every message can be given to a template.
Result<> check(std::span<const ChatMessage> messages) {
  if (messages.empty()) return refused("a chat needs at least one message");
  for (std::size_t i = 0; i < messages.size(); ++i) {
    const auto& [role, content] = messages[i];
    const std::string culprit = "message " + std::to_string(i + 1);
    if (role != "system" && role != "user" && role != "assistant") {
      return refused(culprit + " has the role '" + checkpoint::printable(role) +
                     "'; known are system, user and assistant");
    }
    if (!is_utf8(content)) return refused(culprit + " is not UTF-8");
  }
  return {};
}

}  // namespace

std::string template_names() {
  std::string names;
  std::string_view last;
  for (const KnownTemplate& known : kKnown) {
    if (known.name == last) continue;
    names += (names.empty() ? "" : ", ") + std::string(known.name);
    last = known.name;
  }
  return names;
}

std::optional<std::string> jinja_of_template(std::string_view name) {
  const KnownTemplate* known = find_named(name);
  if (known == nullptr) return std::nullopt;
  std::string jinja;
  for (const std::string_view phrase : known->phrases) jinja += phrase;
  return jinja;
}

ChatTemplate::ChatTemplate(std::string_view jinja, const std::optional<std::string>& bos_token)
    : exists_(true), jinja_(jinja), bos_token_(bos_token.value_or("")) {
  const std::string text = normal_form(jinja);
  const auto known = std::ranges::find_if(
      kKnown, [&](const KnownTemplate& t) { return consists_of(text, t.phrases); });
  if (known == std::end(kKnown)) {
    unsupported_reason_ =
        "the model's chat template is not known here; choose one that is (model.chat_template: " +
        template_names() + "), or send a prompt raw, without a template";
  } else if (known->needs_bos_token && !bos_token) {
    unsupported_reason_ = "the model's chat template needs a bos_token, and the tokenizer has none";
  } else {
    render_ = known->render;
    unsupported_reason_.clear();
  }
}

Result<RenderedChat> ChatTemplate::render(std::span<const ChatMessage> messages,
                                          bool add_generation_prompt) const {
  if (render_ == nullptr) return refused(unsupported_reason_);
  if (const Result<> checked = check(messages); !checked) return checked.error();
  return render_({messages, bos_token_, add_generation_prompt});
}

}  // namespace unmask::tokenizer
