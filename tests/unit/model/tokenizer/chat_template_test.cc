#include "model/tokenizer/chat_template.h"

#include <gmock/gmock.h>

namespace unmask::tokenizer {
namespace {

using testing::HasSubstr;

constexpr std::string_view kUnmask = R"(
{%- for m in messages -%}
{%- if m.role == "system" -%}<role>SYSTEM</role>{{ m.content }}<|role_end|>
{%- elif m.role == "user" -%}<role>HUMAN</role>{{ m.content }}<|role_end|>
{%- else -%}<role>ASSISTANT</role>{{ m.content }}<|endoftext|>
{%- endif -%}
{%- endfor -%}
{%- if add_generation_prompt -%}<role>ASSISTANT</role>{%- endif -%}
)";

constexpr std::string_view kLlada = R"(
{%- set loop_messages = messages %}{% for message in loop_messages %}
{%- set content = '<|start_header_id|>' + message['role'] + '<|end_header_id|>\n\n'+ message['content'] | trim + '<|eot_id|>' %}
{%- if loop.index0 == 0 %}{% set content = bos_token + content %}{% endif %}{{ content }}
{%- endfor %}{% if add_generation_prompt %}{{ '<|start_header_id|>assistant<|end_header_id|>\n\n' }}{% endif %})";

/// The messages' part of a Ling template, and something about tools.
constexpr std::string_view kLing = R"({% set thinking_option = 'off' %}
{{- '<role>SYSTEM</role>' }}
{%- if messages[0].role == 'system' %}{{- messages[0].content + '\n' }}{% endif %}
{%- if tools %}{{- tools | tojson }}{% endif %}
{{- 'detailed thinking ' + thinking_option + '<|role_end|>' }}
{%- for message in messages %}
  {%- if message.role == "user" %}
    {{- '<role>HUMAN</role>' + message.content + '<|role_end|>' }}
  {%- elif message.role == "system" and not loop.first %}
    {{- '<role>SYSTEM</role>' + message.content + '<|role_end|>' }}
  {%- elif message.role == "assistant" %}
    {%- if loop.index0 > ns.last_query_index %}{{- reasoning }}{% endif %}
    {{- '<role>ASSISTANT</role>' + content }}
    {{- '<|role_end|>' }}
  {%- endif %}
{%- endfor %}
{%- if add_generation_prompt %}
  {{- '<role>ASSISTANT</role>' }}
{%- endif %})";

std::string text(std::string_view jinja, const std::vector<ChatMessage>& messages,
                 bool add_generation_prompt = true) {
  const Result<RenderedChat> chat =
      ChatTemplate(jinja, "<bos>").render(messages, add_generation_prompt);
  return chat ? chat->text : chat.error().message;
}

TEST(ChatTemplateTest, ATemplateIsKnownHoweverItIsWrittenDown) {
  EXPECT_EQ(text(kUnmask, {{"system", "s"}, {"user", " u "}, {"assistant", "a"}}),
            "<role>SYSTEM</role>s<|role_end|><role>HUMAN</role> u <|role_end|>"
            "<role>ASSISTANT</role>a<|endoftext|><role>ASSISTANT</role>");
  EXPECT_EQ(text(kLlada, {{"user", "\n u\u3000"}}),
            "<bos><|start_header_id|>user<|end_header_id|>\n\nu<|eot_id|>"
            "<|start_header_id|>assistant<|end_header_id|>\n\n");
}

TEST(ChatTemplateTest, LingShowsLaterSystemMessagesAndHidesThoughts) {
  EXPECT_EQ(text(kLing, {{"system", "s"},
                         {"user", "u"},
                         {"assistant", "<think>\nt\n</think>\n\na"},
                         {"system", "s2"},
                         {"user", "v"}}),
            "<role>SYSTEM</role>s\ndetailed thinking off<|role_end|><role>HUMAN</role>u<|role_end|>"
            "<role>ASSISTANT</role>a<|role_end|><role>SYSTEM</role>s2<|role_end|>"
            "<role>HUMAN</role>v<|role_end|><role>ASSISTANT</role>");
}

TEST(ChatTemplateTest, LingShowsThoughtsSinceTheLastQuestion) {
  EXPECT_EQ(text(kLing, {{"user", "u"}, {"assistant", "<think>t</think>a"}}, false),
            "<role>SYSTEM</role>detailed thinking off<|role_end|><role>HUMAN</role>u<|role_end|>"
            "<role>ASSISTANT</role>\n<think>\nt\n</think>\n\na<|role_end|>");
}

TEST(ChatTemplateTest, OnlyTheTemplatesOwnWordsAreTrusted) {
  const std::vector<ChatMessage> messages = {{"user", "<|eot_id|>"}, {"assistant", "a"}};
  const Result<RenderedChat> chat = ChatTemplate(kUnmask, std::nullopt).render(messages);
  ASSERT_TRUE(chat) << chat.error().message;
  std::string trusted;
  for (const TextRange& range : chat->trusted) {
    trusted += chat->text.substr(range.begin, range.end - range.begin) + "\n";
  }
  EXPECT_EQ(trusted,
            "<role>HUMAN</role>\n<|role_end|><role>ASSISTANT</role>\n"
            "<|endoftext|><role>ASSISTANT</role>\n");
}

TEST(ChatTemplateTest, AChangedTemplateIsNotKnown) {
  for (const auto& [old, changed] : {std::pair("HUMAN", "USER"),
                                     {"m.content }}", "m.content|trim }}"},
                                     {"else", "elif m.role == 'assistant'"}}) {
    std::string jinja(kUnmask);
    jinja.replace(jinja.find(old), std::string_view(old).size(), changed);
    const ChatTemplate changed_template(jinja, "<bos>");
    EXPECT_TRUE(changed_template.exists());
    EXPECT_THAT(changed_template.unsupported_reason(), HasSubstr("chat template is not known"))
        << jinja;
    EXPECT_THAT(text(jinja, {{"user", "u"}}), HasSubstr("chat template is not known"));
  }
  EXPECT_THAT(text(std::string(kLing) + "!", {{"user", "u"}}), HasSubstr("not known"));
  EXPECT_THAT(text("", {{"user", "u"}}), HasSubstr("not known"));
}

TEST(ChatTemplateTest, MarkersOfWhatIsTrainedChangeNothing) {
  std::string jinja(kUnmask);
  const std::string_view answer = "{{ m.content }}<|endoftext|>";
  jinja.replace(jinja.find(answer), answer.size(),
                "{% generation %}" + std::string(answer) + "{% endgeneration %}");
  EXPECT_EQ(text(jinja, {{"user", "u"}, {"assistant", "a"}}),
            text(kUnmask, {{"user", "u"}, {"assistant", "a"}}));
}

TEST(ChatTemplateTest, ChatmlIsKnownInItsForms) {
  const std::string rendered =
      "<|im_start|>system\ns<|im_end|>\n<|im_start|>user\nu<|im_end|>\n<|im_start|>assistant\n";
  for (const char* jinja :
       {"{% for message in messages %}{{'<|im_start|>' + message['role'] + '\n' + "
        "message['content'] "
        "+ '<|im_end|>' + '\n'}}{% endfor %}{% if add_generation_prompt %}"
        "{{ '<|im_start|>assistant\n' }}{% endif %}",
        "{%- for message in messages %}{{- '<|im_start|>' + message.role + '\n' + message.content "
        "}}{{- '<|im_end|>\n' }}{%- endfor %}{%- if add_generation_prompt %}"
        "{{- '<|im_start|>assistant\n' }}{%- endif %}",
        "{% for message in messages %}{{'<|im_start|>' + message['role'] + '\n' + "
        "message['content'] "
        "+ '<|im_end|>\n'}}{% endfor %}{% if add_generation_prompt %}"
        "{{ '<|im_start|>assistant\n' }}{% endif %}"}) {
    EXPECT_EQ(text(jinja, {{"system", "s"}, {"user", "u"}}), rendered) << jinja;
  }
}

TEST(ChatTemplateTest, EveryNameIsATemplateThatIsKnown) {
  EXPECT_EQ(template_names(), "chatml, ling, llada, llada2, unmask");
  for (const char* name : {"chatml", "ling", "llada", "llada2", "unmask"}) {
    const std::optional<std::string> jinja = jinja_of_template(name);
    ASSERT_TRUE(jinja) << name;
    EXPECT_EQ(ChatTemplate(*jinja, "<bos>").unsupported_reason(), "") << name;
  }
  EXPECT_EQ(text(*jinja_of_template("unmask"), {{"user", "u"}}), text(kUnmask, {{"user", "u"}}));
  EXPECT_EQ(text(*jinja_of_template("llada"), {{"user", "u"}}), text(kLlada, {{"user", "u"}}));
  EXPECT_EQ(jinja_of_template("vicuna"), std::nullopt);
}

TEST(ChatTemplateTest, ATemplateThatBeginsWithBosNeedsOne) {
  EXPECT_THAT(ChatTemplate(kLlada, std::nullopt).unsupported_reason(),
              HasSubstr("needs a bos_token"));
  EXPECT_EQ(ChatTemplate(kLlada, "<bos>").unsupported_reason(), "");
  EXPECT_EQ(ChatTemplate(kUnmask, std::nullopt).unsupported_reason(), "");
}

TEST(ChatTemplateTest, WithoutATemplateMessagesAreRefused) {
  const ChatTemplate none;
  EXPECT_FALSE(none.exists());
  const std::vector<ChatMessage> messages = {{"user", "u"}};
  ASSERT_FALSE(none.render(messages));
  EXPECT_THAT(none.render(messages).error().message, HasSubstr("has no chat template"));
}

TEST(ChatTemplateTest, WhatNoTemplateCanRenderIsRefused) {
  EXPECT_EQ(text(kUnmask, {}), "a chat needs at least one message");
  EXPECT_EQ(text(kUnmask, {{"user", "u"}, {"to\nol", "t"}}),
            "message 2 has the role 'to?ol'; known are system, user and assistant");
  EXPECT_EQ(text(kUnmask, {{"user", "\xff"}}), "message 1 is not UTF-8");
}

}  // namespace
}  // namespace unmask::tokenizer
