#include <algorithm>

#include "rpc/codec/fields.h"

namespace unmask::rpc::codec {
namespace {

constexpr std::size_t kMaxParameters = 128;
constexpr std::size_t kMaxTurns = 4096;
constexpr std::size_t kMaxChoices = 1 << 17;
constexpr std::size_t kMaxStops = 64;  // the gateway allows fewer, and says so

std::vector<actors::Parameter> read_parameters(capnp::List<wire::Parameter>::Reader list) {
  check_length(list, "parameters", kMaxParameters);
  std::vector<actors::Parameter> parameters;
  for (const auto parameter : list) {
    parameters.push_back({read_text(parameter.getName(), "a parameter's name", kMaxNameBytes),
                          read_text(parameter.getValue(), "a parameter's value", kMaxNameBytes)});
  }
  return parameters;
}

void write_parameters(capnp::List<wire::Parameter>::Builder list,
                      const std::vector<actors::Parameter>& parameters) {
  for (std::size_t i = 0; i < parameters.size(); ++i) {
    list[unsigned(i)].setName(text_of(parameters[i].name));
    list[unsigned(i)].setValue(text_of(parameters[i].value));
  }
}

actors::Subscription read_subscription(wire::Subscription::Reader subscription) {
  return {subscription.getBlocks(), subscription.getFrames(), subscription.getTrace(),
          subscription.getLogprobs()};
}
void write_subscription(wire::Subscription::Builder builder,
                        const actors::Subscription& subscription) {
  builder.setBlocks(subscription.blocks);
  builder.setFrames(subscription.frames);
  builder.setTrace(subscription.trace);
  builder.setLogprobs(subscription.logprobs);
}

diffusion::HoleRules read_rules(wire::TokenInput::Reader input) {
  diffusion::HoleRules rules;
  rules.never_chosen = read_list<std::int32_t>(input.getNeverChosen(), "tokens never chosen");
  check_length(input.getChoices(), "choices", kMaxChoices);
  for (const auto rule : input.getChoices()) {
    rules.choices.push_back({read_range(rule.getPositions()),
                             read_list<std::int32_t>(rule.getChoices(), "tokens of choices")});
  }
  return rules;
}

actors::TokenInput read_tokens(wire::TokenInput::Reader input) {
  return {read_list<std::int32_t>(input.getTokens(), "tokens"),
          read_ranges(input.getHoles(), "holes"), read_rules(input)};
}
void write_tokens(wire::TokenInput::Builder builder, const actors::TokenInput& input) {
  write_list(builder.initTokens(unsigned(input.tokens.size())), input.tokens);
  write_ranges(builder.initHoles(unsigned(input.holes.size())), input.holes);
  const diffusion::HoleRules& rules = input.rules;
  write_list(builder.initNeverChosen(unsigned(rules.never_chosen.size())), rules.never_chosen);
  auto choices = builder.initChoices(unsigned(rules.choices.size()));
  for (std::size_t i = 0; i < rules.choices.size(); ++i) {
    const diffusion::ChoiceRule& rule = rules.choices[i];
    write_range(choices[unsigned(i)].initPositions(), rule.positions);
    write_list(choices[unsigned(i)].initChoices(unsigned(rule.choices.size())), rule.choices);
  }
}

std::vector<tokenizer::ChatMessage> read_messages(capnp::List<wire::ChatMessage>::Reader list) {
  check_length(list, "messages", kMaxTurns);
  std::vector<tokenizer::ChatMessage> messages;
  for (const auto message : list) {
    messages.push_back({read_text(message.getRole(), "a message's role", kMaxNameBytes),
                        read_text(message.getContent(), "a message's content")});
  }
  return messages;
}
void write_messages(capnp::List<wire::ChatMessage>::Builder list,
                    const std::vector<tokenizer::ChatMessage>& messages) {
  for (std::size_t i = 0; i < messages.size(); ++i) {
    list[unsigned(i)].setRole(text_of(messages[i].role));
    list[unsigned(i)].setContent(text_of(messages[i].content));
  }
}

actors::TemplateInput read_template(wire::TemplateInput::Reader input) {
  return {read_messages(input.getMessages()), read_text(input.getText(), "the template"),
          read_enum(input.getFormat(), infilling::Format::kPieces, "the template's format")};
}
void write_template(wire::TemplateInput::Builder builder, const actors::TemplateInput& input) {
  write_messages(builder.initMessages(unsigned(input.messages.size())), input.messages);
  builder.setText(text_of(input.text));
  builder.setFormat(std::uint8_t(input.format));
}

std::chrono::milliseconds read_deadline(std::int64_t ms) {
  static_assert(actors::kMaxDeadline.count() == wire::MAX_DEADLINE_MS);
  if (ms < 0 || ms > wire::MAX_DEADLINE_MS) {
    throw Malformed{"the deadline is not between 0 and " + std::to_string(wire::MAX_DEADLINE_MS) +
                    " ms"};
  }
  return std::chrono::milliseconds(ms);
}

void write_input(wire::Submit::Builder builder, const actors::JobInput& input) {
  auto to = builder.initInput();
  if (const auto* text = std::get_if<actors::TextInput>(&input)) {
    text->raw ? to.setRawText(text_of(text->text)) : to.setText(text_of(text->text));
    builder.setSpecialTokens(text->special_tokens);
  } else if (const auto* chat = std::get_if<actors::ChatInput>(&input)) {
    write_messages(to.initChat(unsigned(chat->messages.size())), chat->messages);
  } else if (const auto* given = std::get_if<actors::TemplateInput>(&input)) {
    write_template(to.initTemplate(), *given);
  } else {
    write_tokens(to.initTokens(), std::get<actors::TokenInput>(input));
  }
}

actors::JobInput read_input(wire::Submit::Reader submit) {
  const auto input = submit.getInput();
  switch (input.which()) {
    case wire::Submit::Input::TEXT:
      return actors::TextInput{read_text(input.getText(), "the prompt"), false,
                               submit.getSpecialTokens()};
    case wire::Submit::Input::RAW_TEXT:
      return actors::TextInput{read_text(input.getRawText(), "the prompt"), true,
                               submit.getSpecialTokens()};
    case wire::Submit::Input::CHAT:
      return actors::ChatInput{read_messages(input.getChat())};
    case wire::Submit::Input::TOKENS:
      return read_tokens(input.getTokens());
    case wire::Submit::Input::TEMPLATE:
      return read_template(input.getTemplate());
  }
  throw Malformed{"the input is of an unknown kind"};
}

void write_figures(wire::Figures::Builder builder, const actors::JobFigures& figures) {
  builder.setTokens(figures.tokens);
  builder.setForwards(figures.forwards);
  builder.setPromptTokens(figures.prompt_tokens);
  builder.setBlocks(figures.blocks);
  builder.setQueueTimeUs(figures.queue_time.count());
  builder.setTimeToFirstBlockUs(figures.time_to_first_block.count());
  builder.setDurationUs(figures.duration.count());
}

actors::JobFigures read_figures(wire::Figures::Reader reader) {
  using std::chrono::microseconds;
  actors::JobFigures figures;
  figures.tokens = reader.getTokens();
  figures.forwards = reader.getForwards();
  figures.prompt_tokens = reader.getPromptTokens();
  figures.blocks = reader.getBlocks();
  figures.queue_time = microseconds(reader.getQueueTimeUs());
  figures.time_to_first_block = microseconds(reader.getTimeToFirstBlockUs());
  figures.duration = microseconds(reader.getDurationUs());
  return figures;
}

}  // namespace

void write(wire::Submit::Builder builder, const actors::Submit& message) {
  builder.setJob(job_data(message.job));
  builder.setModel(text_of(message.model));
  write_input(builder, message.input);
  write_parameters(builder.initParameters(unsigned(message.parameters.size())), message.parameters);
  auto stop = builder.initStop(unsigned(message.stop.size()));
  for (std::size_t i = 0; i < message.stop.size(); ++i) {
    stop.set(unsigned(i), text_of(message.stop[i]));
  }
  builder.setDeadlineMs(message.deadline.count());
  write_subscription(builder.initSubscription(), message.subscription);
  builder.setResumeAfterBlock(message.resume_after_block);
  builder.setIsDetached(message.is_detached);
  builder.setPriority(message.priority);
}

void read(wire::Submit::Reader reader, actors::Submit& message) {
  message.job = read_job(reader.getJob());
  message.model = read_text(reader.getModel(), "the model's name", kMaxNameBytes);
  message.input = read_input(reader);
  message.parameters = read_parameters(reader.getParameters());
  check_length(reader.getStop(), "stop strings", kMaxStops);
  for (const auto stop : reader.getStop()) {
    message.stop.push_back(read_text(stop, "a stop string", kMaxNameBytes));
  }
  message.deadline = read_deadline(reader.getDeadlineMs());
  message.subscription = read_subscription(reader.getSubscription());
  message.resume_after_block = reader.getResumeAfterBlock();
  message.is_detached = reader.getIsDetached();
  message.priority = reader.getPriority();
}

void write(wire::Admit::Builder builder, const actors::Admit& message) {
  builder.setJob(job_data(message.job));
  write_requester(builder.initRequester(), message.requester);
  builder.setBodyDigest(message.body_digest);
  write_tokens(builder.initInput(), message.input);
  write_parameters(builder.initParameters(unsigned(message.parameters.size())), message.parameters);
  builder.setDeadlineMs(message.deadline.count());
  write_subscription(builder.initSubscription(), message.subscription);
  builder.setResumeAfterBlock(message.resume_after_block);
  builder.setIsDetached(message.is_detached);
  builder.setPriority(message.priority);
}

void read(wire::Admit::Reader reader, actors::Admit& message) {
  message.job = read_job(reader.getJob());
  message.requester = read_requester(reader.getRequester());
  message.body_digest = reader.getBodyDigest();
  message.input = read_tokens(reader.getInput());
  message.parameters = read_parameters(reader.getParameters());
  message.deadline = read_deadline(reader.getDeadlineMs());
  message.subscription = read_subscription(reader.getSubscription());
  message.resume_after_block = reader.getResumeAfterBlock();
  message.is_detached = reader.getIsDetached();
  message.priority = reader.getPriority();
}

void write(wire::Attach::Builder builder, const actors::Attach& message) {
  builder.setJob(job_data(message.job));
  write_subscription(builder.initSubscription(), message.subscription);
  builder.setResumeAfterBlock(message.resume_after_block);
}
void read(wire::Attach::Reader reader, actors::Attach& message) {
  message = {read_job(reader.getJob()), read_subscription(reader.getSubscription()),
             reader.getResumeAfterBlock()};
}

void write(wire::JobRef::Builder builder, const actors::Cancel& message) {
  builder.setJob(job_data(message.job));
  write_requester(builder.initRequester(), message.requester);
}
void read(wire::JobRef::Reader reader, actors::Cancel& message) {
  message.job = read_job(reader.getJob());
  message.requester = read_requester(reader.getRequester());
}

void write(wire::JobRef::Builder builder, const actors::StopJob& message) {
  builder.setJob(job_data(message.job));
}
void read(wire::JobRef::Reader reader, actors::StopJob& message) {
  message.job = read_job(reader.getJob());
}

void write(wire::Accepted::Builder builder, const actors::Accepted& message) {
  builder.setJob(job_data(message.job));
  builder.setIsResend(message.is_resend);
  builder.setPromptTokens(message.prompt_tokens);
  builder.setCanvasLength(message.canvas_length);
}
void read(wire::Accepted::Reader reader, actors::Accepted& message) {
  message = {read_job(reader.getJob()), reader.getIsResend(), reader.getPromptTokens(),
             reader.getCanvasLength()};
}

void write(wire::Queued::Builder builder, const actors::Queued& message) {
  builder.setJob(job_data(message.job));
  builder.setPlace(message.place);
  builder.setReason(text_of(message.reason));
}
void read(wire::Queued::Reader reader, actors::Queued& message) {
  message = {read_job(reader.getJob()), reader.getPlace(),
             read_text(reader.getReason(), "a reason")};
}

void write(wire::Committed::Builder builder, const actors::Committed& message) {
  builder.setJob(job_data(message.job));
  builder.setBlock(message.block);
  write_range(builder.initPositions(), message.positions);
  write_list(builder.initTokens(unsigned(message.tokens.size())), message.tokens);
  builder.setText(text_of(message.text));
  write_ranges(builder.initPlaces(unsigned(message.places.size())), message.places);
  write_list(builder.initLogprobs(unsigned(message.logprobs.size())), message.logprobs);
}
void read(wire::Committed::Reader reader, actors::Committed& message) {
  message = {read_job(reader.getJob()),
             reader.getBlock(),
             read_range(reader.getPositions()),
             read_list<std::int32_t>(reader.getTokens(), "tokens"),
             read_text(reader.getText(), "the text", actors::kMaxAnswerBytes),
             read_ranges(reader.getPlaces(), "places"),
             read_list<float>(reader.getLogprobs(), "logprobs")};
}

void write(wire::Frame::Builder builder, const actors::Frame& message) {
  builder.setJob(job_data(message.job));
  builder.setBlock(message.block);
  builder.setIteration(message.iteration);
  write_range(builder.initPositions(), message.positions);
  builder.setNumHoles(message.num_holes);
  auto cells = builder.initCells(unsigned(message.cells.size()));
  for (std::size_t i = 0; i < message.cells.size(); ++i) {
    auto cell = cells[unsigned(i)];
    cell.setToken(message.cells[i].token);
    cell.setIsGuess(message.cells[i].is_guess);
    cell.setConfidence(message.cells[i].confidence);
    cell.setText(text_of(message.cells[i].text));
  }
}
void read(wire::Frame::Reader reader, actors::Frame& message) {
  message.job = read_job(reader.getJob());
  message.block = reader.getBlock();
  message.iteration = reader.getIteration();
  message.positions = read_range(reader.getPositions());
  message.num_holes = reader.getNumHoles();
  check_length(reader.getCells(), "cells", std::size_t(actors::Frame::kMaxCells));
  for (const auto cell : reader.getCells()) {
    message.cells.push_back({cell.getToken(), cell.getIsGuess(), cell.getConfidence(),
                             read_text(cell.getText(), "a token's text")});
  }
}

void write(wire::Finished::Builder builder, const actors::Finished& message) {
  builder.setJob(job_data(message.job));
  builder.setReason(std::uint8_t(message.reason));
  if (message.error) write_error(builder.initError(), *message.error);
  write_list(builder.initTokens(unsigned(message.tokens.size())), message.tokens);
  write_list(builder.initCanvas(unsigned(message.canvas.size())), message.canvas);
  builder.setText(text_of(message.text));
  write_figures(builder.initFigures(), message.figures);
  auto fills = builder.initFills(unsigned(message.fills.size()));
  for (std::size_t i = 0; i < message.fills.size(); ++i) {
    fills[unsigned(i)].setName(text_of(message.fills[i].name));
    write_range(fills[unsigned(i)].initPositions(), message.fills[i].positions);
    fills[unsigned(i)].setText(text_of(message.fills[i].text));
  }
}
void read(wire::Finished::Reader reader, actors::Finished& message) {
  message.job = read_job(reader.getJob());
  message.reason = read_enum(reader.getReason(), actors::FinishReason::kError, "the finish reason");
  if (reader.hasError()) message.error = read_error(reader.getError());
  message.tokens = read_list<std::int32_t>(reader.getTokens(), "tokens");
  message.canvas = read_list<std::int32_t>(reader.getCanvas(), "the canvas");
  message.text = read_text(reader.getText(), "the text", actors::kMaxAnswerBytes);
  message.figures = read_figures(reader.getFigures());
  check_length(reader.getFills(), "fills");
  for (const auto fill : reader.getFills()) {
    message.fills.push_back({read_text(fill.getName(), "a hole's name"),
                             read_range(fill.getPositions()),
                             read_text(fill.getText(), "a fill", actors::kMaxAnswerBytes)});
  }
}

void write(wire::Rejected::Builder builder, const actors::Rejected& message) {
  builder.setJob(job_data(message.job));
  write_error(builder.initError(), message.error);
}
void read(wire::Rejected::Reader reader, actors::Rejected& message) {
  message = {read_job(reader.getJob()), read_error(reader.getError())};
}

}  // namespace unmask::rpc::codec
