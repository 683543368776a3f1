#include "rpc/openai/generation_request.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace unmask::rpc {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

using Parameter = actors::Parameter;

/// A chat with these further fields, as a client writes them behind a comma.
std::string chat(const std::string& fields) {
  return R"({"model":"m","messages":[{"role":"user","content":"Hi"}])" +
         (fields.empty() ? "" : "," + fields) + "}";
}

GenerationRequest parsed(const std::string& body, Endpoint endpoint = Endpoint::kChat) {
  auto request = parse_generation(endpoint, body);
  EXPECT_TRUE(request) << request.error().message;
  return request ? *request : GenerationRequest{};
}

ApiError refused(const std::string& body, Endpoint endpoint = Endpoint::kChat) {
  const auto request = parse_generation(endpoint, body);
  EXPECT_FALSE(request) << body;
  return request ? ApiError{} : request.error();
}

TEST(GenerationRequestTest, AChatIsOneJobThatIsNotStreamed) {
  const GenerationRequest request = parsed(chat(""));
  ASSERT_EQ(request.jobs.size(), 1u);
  const actors::Submit& job = request.jobs[0];
  EXPECT_EQ(job.model, "m");
  EXPECT_THAT(std::get<actors::ChatInput>(job.input).messages,
              ElementsAre(tokenizer::ChatMessage{"user", "Hi"}));
  EXPECT_FALSE(job.subscription.blocks);
  EXPECT_FALSE(job.is_detached);
  EXPECT_THAT(job.parameters, IsEmpty());
  EXPECT_FALSE(request.is_streamed);
  EXPECT_TRUE(request.has_usage);
}

TEST(GenerationRequestTest, PartsOfAMessageAreJoinedAndADeveloperIsTheSystem) {
  const GenerationRequest request = parsed(
      R"({"messages":[{"role":"developer","content":[{"type":"text","text":"a"},
      {"type":"text","text":"b"}]},{"role":"assistant","content":"c","refusal":null,
      "tool_calls":[]}]})");
  EXPECT_THAT(std::get<actors::ChatInput>(request.jobs.at(0).input).messages,
              ElementsAre(tokenizer::ChatMessage{"system", "ab"},
                          tokenizer::ChatMessage{"assistant", "c"}));
}

TEST(GenerationRequestTest, FieldsOfOpenAiBecomeParametersOfTheJob) {
  const auto job = parsed(chat(R"("max_completion_tokens":7,"max_tokens":7,"temperature":0.5,
      "top_p":0.9,"top_k":5,"seed":-1,"ignore_eos":true,"diffusion":{"strategy":"fixed",
      "steps":4,"early_stop":false})"))
                       .jobs.at(0);
  EXPECT_THAT(job.parameters, testing::UnorderedElementsAre(
                                  Parameter{"strategy", "fixed"}, Parameter{"steps", "4"},
                                  Parameter{"early_stop", "false"}, Parameter{"gen_length", "7"},
                                  Parameter{"logits_eos_inf", "true"},
                                  Parameter{"temperature", "0.5"}, Parameter{"top_p", "0.9"},
                                  Parameter{"top_k", "5"}, Parameter{"seed", "9007199254740991"}));
}

TEST(GenerationRequestTest, APresetIsSentAsItIs) {
  EXPECT_THAT(parsed(chat(R"("diffusion":{"preset":"fast"})")).jobs.at(0).parameters,
              ElementsAre(Parameter{"preset", "fast"}));
}

TEST(GenerationRequestTest, WithoutASeedWhatIsDrawnIsAnotherEachTime) {
  const std::string body = chat(R"("temperature":1)");
  EXPECT_NE(parsed(body).jobs.at(0).parameters, parsed(body).jobs.at(0).parameters);
  EXPECT_THAT(parsed(chat(R"("temperature":0,"top_p":0.5,"seed":3)")).jobs.at(0).parameters,
              IsEmpty());
}

TEST(GenerationRequestTest, EachChoiceIsAJobWithASeedOfItsOwn) {
  const GenerationRequest request =
      parsed(chat(R"("n":2,"temperature":1,"seed":9007199254740991)"));
  ASSERT_EQ(request.jobs.size(), 2u);
  EXPECT_NE(request.jobs[0].job, request.jobs[1].job);
  EXPECT_THAT(request.jobs[0].parameters, Contains(Parameter{"seed", "9007199254740991"}));
  EXPECT_THAT(request.jobs[1].parameters, Contains(Parameter{"seed", "0"}));
}

TEST(GenerationRequestTest, PromptsAreTextsOrTokensAndStandTogether) {
  const GenerationRequest texts = parsed(R"({"prompt":["a","b"],"n":2})", Endpoint::kText);
  ASSERT_EQ(texts.jobs.size(), 4u);
  EXPECT_EQ(std::get<actors::TextInput>(texts.jobs[1].input).text, "a");
  EXPECT_EQ(std::get<actors::TextInput>(texts.jobs[2].input).text, "b");
  EXPECT_TRUE(std::get<actors::TextInput>(texts.jobs[2].input).raw);
  EXPECT_EQ(texts.num_per_prompt, 2u);
  const GenerationRequest tokens = parsed(R"({"prompt":[1,2,3]})", Endpoint::kText);
  EXPECT_THAT(std::get<actors::TokenInput>(tokens.jobs.at(0).input).tokens, ElementsAre(1, 2, 3));
}

TEST(GenerationRequestTest, AStreamHasItsUsageOnlyIfAsked) {
  EXPECT_FALSE(parsed(chat(R"("stream":true)")).has_usage);
  const auto request = parsed(chat(R"("stream":true,"stream_options":{"include_usage":true})"));
  EXPECT_TRUE(request.has_usage);
  EXPECT_TRUE(request.jobs.at(0).subscription.blocks);
  EXPECT_EQ(refused(chat(R"("stream_options":{"include_usage":true})")).param, "stream_options");
}

TEST(GenerationRequestTest, ASchemaIsATextWithHolesThatAnswersTheChat) {
  const auto request = parsed(chat(R"("response_format":{"type":"json_schema","json_schema":
      {"name":"x","strict":true,"schema":{"type":"object","properties":{"a":{"type":"integer"}}}}})"));
  const auto& input = std::get<actors::TemplateInput>(request.jobs.at(0).input);
  EXPECT_EQ(input.format, infilling::Format::kJsonSchema);
  EXPECT_EQ(input.text, R"({"type":"object","properties":{"a":{"type":"integer"}}})");
  EXPECT_THAT(input.messages, ElementsAre(tokenizer::ChatMessage{"user", "Hi"}));
  EXPECT_EQ(refused(chat(R"("response_format":{"type":"json_object"})")).param,
            "response_format.type");
}

TEST(GenerationRequestTest, FramesAndLogprobsAreSubscribedTo) {
  const auto request = parsed(chat(R"("stream":true,"diffusion":{"stream":"frames"})"));
  EXPECT_TRUE(request.has_frames);
  EXPECT_TRUE(request.jobs.at(0).subscription.frames);
  EXPECT_THAT(request.jobs.at(0).parameters, IsEmpty());
  EXPECT_FALSE(parsed(chat(R"("diffusion":{"stream":"none"})")).has_frames);

  const auto rows = parsed(chat(R"("logprobs":true)"));
  EXPECT_TRUE(rows.has_logprobs);
  EXPECT_TRUE(rows.jobs.at(0).subscription.logprobs);
  EXPECT_TRUE(rows.jobs.at(0).subscription.blocks);  // they come with them
  EXPECT_TRUE(parsed(R"({"prompt":"a","logprobs":0})", Endpoint::kText).has_logprobs);
  EXPECT_EQ(refused(R"({"prompt":"a","logprobs":1,"echo":true})", Endpoint::kText).param,
            "logprobs");
  for (const char* nothing : {R"({"logprobs":0})", R"({"logprobs":0,"prompt":[]})",
                              R"({"logprobs":0,"prompt":{"a":1}})"}) {
    EXPECT_EQ(refused(nothing, Endpoint::kText).param, "prompt");
  }
}

TEST(GenerationRequestTest, ASuffixMakesAHoleBeforeIt) {
  const auto request =
      parsed(R"({"prompt":"a {{b:1}} ","suffix":" c","max_tokens":7})", Endpoint::kText);
  EXPECT_TRUE(request.is_middle);
  const auto& input = std::get<actors::TemplateInput>(request.jobs.at(0).input);
  EXPECT_EQ(input.format, infilling::Format::kPieces);
  EXPECT_EQ(input.text, R"(["a {{b:1}} ",["middle",7]," c"])");
  EXPECT_THAT(input.messages, IsEmpty());
  EXPECT_THAT(request.jobs.at(0).parameters, IsEmpty());
  EXPECT_EQ(refused(R"({"prompt":[1],"suffix":"c"})", Endpoint::kText).param, "prompt");
  EXPECT_EQ(
      refused(R"({"prompt":"a","suffix":"c","diffusion":{"gen_length":9}})", Endpoint::kText).param,
      "diffusion.gen_length");
}

TEST(GenerationRequestTest, AnInfillIsATemplateOrWhatStandsAroundAHole) {
  const auto whole = parsed(R"({"template":"x {{a:3}}","prompt":"why?"})", Endpoint::kInfill);
  EXPECT_FALSE(whole.is_middle);
  const auto& input = std::get<actors::TemplateInput>(whole.jobs.at(0).input);
  EXPECT_EQ(input.text, "x {{a:3}}");
  EXPECT_THAT(input.messages, ElementsAre(tokenizer::ChatMessage{"user", "why?"}));
  const auto schema =
      parsed(R"({"template":{"type":"null"},"format":"json_schema"})", Endpoint::kInfill);
  EXPECT_EQ(std::get<actors::TemplateInput>(schema.jobs.at(0).input).format,
            infilling::Format::kJsonSchema);
  const auto middle =
      parsed(R"({"input_prefix":"a","input_suffix":"b","n_predict":4})", Endpoint::kInfill);
  EXPECT_TRUE(middle.is_middle);
  EXPECT_EQ(std::get<actors::TemplateInput>(middle.jobs.at(0).input).text,
            R"(["a",["middle",4],"b"])");
  EXPECT_TRUE(
      parsed(R"({"input_prefix":"int f() {","n_predict":-1})", Endpoint::kInfill).is_middle);
  const std::pair<const char*, const char*> cases[] = {
      {R"({})", "template"},
      {R"({"template":5})", "template"},
      {R"({"template":"{{a:1}}","format":"xml"})", "format"},
      {R"({"template":"{{a:1}}","logprobs":0})", "logprobs"},
      {R"({"template":"{{a:1}}","max_tokens":4})", "max_tokens"},
      {R"({"input_prefix":"a","n_predict":0})", "n_predict"},
      {R"({"template":{"type":"null"}})", "format"},
      {R"({"input_prefix":"a","template":"x"})", "template"}};
  for (const auto& [body, param] : cases) {
    EXPECT_EQ(refused(body, Endpoint::kInfill).param, param) << body;
  }
}

TEST(GenerationRequestTest, WhatCannotBeDoneIsRefusedByItsName) {
  const std::pair<const char*, const char*> cases[] = {
      {R"("top_logprobs":2)", "top_logprobs"},
      {R"("request_id":"a b")", "request_id"},
      {R"("diffusion":{"stream":"frames"})", "diffusion.stream"},
      {R"("stream":true,"diffusion":{"stream":"all"})", "diffusion.stream"},
      {R"("frequency_penalty":0.5)", "frequency_penalty"},
      {R"("tools":[{"type":"function"}])", "tools"},
      {R"("tool_choice":"required")", "tool_choice"},
      {R"("logit_bias":{"1":2})", "logit_bias"},
      {R"("echo":true)", "echo"},
      {R"("reasoning_effort":"high")", "reasoning_effort"},
      {R"("tempersture":1)", "tempersture"},
      {R"("n":0)", "n"},
      {R"("n":17)", "n"},
      {R"("n":1.5)", "n"},
      {R"("temperature":"hot")", "temperature"},
      {R"("temperature":-1)", "temperature"},
      {R"("top_p":2)", "top_p"},
      {R"("max_tokens":0)", "max_tokens"},
      {R"("max_tokens":5,"max_completion_tokens":6)", "max_tokens"},
      {R"("max_tokens":5,"diffusion":{"gen_length":5,"seed":1,"gen_lenght":2})",
       "diffusion.gen_lenght"},
      {R"("stop":["a","b","c","d","e"])", "stop"},
      {R"("stop":[""])", "stop"},
      {R"("stop":5)", "stop"},
      {R"("stream":1)", "stream"},
      {R"("priority":11)", "priority"},
      {R"("diffusion":5)", "diffusion"},
      {R"("diffusion":{"thresold":0.5})", "diffusion.thresold"},
      {R"("diffusion":{"threshold":2})", "diffusion.threshold"},
      {R"("diffusion":{"threshold":[1]})", "diffusion.threshold"},
      {R"("diffusion":{"strategy":"none such"})", "diffusion.strategy"},
      {R"("diffusion":{"steps":4})", "diffusion.steps"},
      {R"("diffusion":{"preset":"best"})", "diffusion.preset"},
      {R"("diffusion":{"preset":"fast","strategy":"fixed"})", "diffusion.preset"},
      {R"("temperature":1,"diffusion":{"temperature":1})", "temperature"}};
  for (const auto& [fields, param] : cases) {
    const ApiError error = refused(chat(fields));
    EXPECT_EQ(error.status, 400) << fields;
    EXPECT_EQ(error.param, param) << error.message;
  }
  EXPECT_THAT(refused(chat(R"("tempersture":1)")).message, HasSubstr("did you mean temperature?"));
}

TEST(GenerationRequestTest, WhatChangesNothingPasses) {
  EXPECT_THAT(parsed(chat(R"("user":"u","store":true,"metadata":{"a":1},"service_tier":"auto",
      "frequency_penalty":0,"presence_penalty":0.0,"logprobs":false,"logit_bias":{},"tools":[],
      "tool_choice":"auto","parallel_tool_calls":true,"stop":null,"temperature":null,"n":1,
      "response_format":{"type":"text"},"repetition_penalty":1.0)"))
                  .jobs,
              Not(IsEmpty()));
}

TEST(GenerationRequestTest, MessagesThatAreNoneAreRefusedByTheirPlace) {
  const std::pair<const char*, const char*> cases[] = {
      {R"({})", "messages"},
      {R"({"messages":[]})", "messages"},
      {R"({"messages":"Hi"})", "messages"},
      {R"({"messages":[5]})", "messages[0]"},
      {R"({"messages":[{"role":"user"}]})", "messages[0].content"},
      {R"({"messages":[{"content":"a"}]})", "messages[0].role"},
      {R"({"messages":[{"role":"tool","content":"a"}]})", "messages[0].role"},
      {R"({"messages":[{"role":"user","content":"a"},{"role":"user","content":[{"type":"image_url"}]}]})",
       "messages[1].content"},
      {R"({"messages":[{"role":"user","content":"a","mood":"good"}]})", "messages[0].mood"}};
  EXPECT_THAT(parsed(R"({"messages":[{"role":"user","content":"a","name":"Mia"}]})").jobs,
              Not(IsEmpty()));
  for (const auto& [body, param] : cases) EXPECT_EQ(refused(body).param, param) << body;
  for (const char* body : {R"({})", R"({"prompt":[]})", R"({"prompt":5})", R"({"prompt":[-1]})",
                           R"({"prompt":["a",5]})"}) {
    EXPECT_EQ(refused(body, Endpoint::kText).param, "prompt") << body;
  }
}

TEST(GenerationRequestTest, ABodyThatIsNoJsonObjectIsRefused) {
  for (const std::string body :
       {"", "{", "[]", "5", "{\"a\":1} x", "{\"messages\":\"\xff\"}", "{'a':1}"}) {
    EXPECT_EQ(refused(body).status, 400) << body;
  }
  const std::string deep = R"({"metadata":)" + std::string(100'000, '[');
  EXPECT_THAT(refused(deep).message, HasSubstr("nested deeper than"));
}

}  // namespace
}  // namespace unmask::rpc
