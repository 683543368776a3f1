#include "rpc/codec/fields.h"

namespace unmask::rpc::codec {
namespace {

constexpr std::size_t kMaxSequences = 4096;
constexpr std::size_t kMaxLoopBytes = 1 << 20;

void write_window(wire::Window::Builder builder, const Window& window) {
  write_ranges(builder.initComputed(unsigned(window.computed.size())), window.computed);
  write_ranges(builder.initVisible(unsigned(window.visible.size())), window.visible);
  write_ranges(builder.initWritten(unsigned(window.written.size())), window.written);
  write_ranges(builder.initDecoded(unsigned(window.decoded.size())), window.decoded);
  write_ranges(builder.initMixed(unsigned(window.mixed.size())), window.mixed);
  builder.setCausalBlockLength(window.causal_block_length);
}
Window read_window(wire::Window::Reader reader) {
  return {read_ranges(reader.getComputed(), "computed ranges"),
          read_ranges(reader.getVisible(), "visible ranges"),
          read_ranges(reader.getWritten(), "written ranges"),
          read_ranges(reader.getDecoded(), "decoded ranges"),
          read_ranges(reader.getMixed(), "mixed ranges"),
          reader.getCausalBlockLength()};
}

void write_sequence(wire::SequenceStep::Builder builder, const SequenceStep& sequence) {
  builder.setSequence(sequence.sequence);
  builder.setPhase(std::uint8_t(sequence.phase));
  builder.setIteration(sequence.iteration);
  builder.setNumPositions(sequence.num_positions);
  write_window(builder.initWindow(), sequence.window);
  write_list(builder.initInputs(unsigned(sequence.inputs.size())), sequence.inputs);
  write_list(builder.initGuidanceInputs(unsigned(sequence.guidance_inputs.size())),
             sequence.guidance_inputs);
  const SamplingRules& rules = sequence.rules;
  write_list(builder.initNeverChosen(unsigned(rules.never_chosen.size())), rules.never_chosen);
  write_list(builder.initNotInConfidence(unsigned(rules.not_in_confidence.size())),
             rules.not_in_confidence);
  builder.setChoosableEnd(rules.choosable_end);
  builder.setTemperature(rules.temperature);
  builder.setTopK(rules.top_k);
  builder.setTopP(rules.top_p);
  builder.setSeed(rules.seed);
  builder.setBlock(rules.block);
  builder.setDecision(rules.decision);
  builder.setCfgScale(rules.cfg_scale);
  builder.setStatistics(sequence.statistics);
  write_list(builder.initPresent(unsigned(sequence.present.size())), sequence.present);
  const ListedTokens& listed = sequence.listed;
  write_list(builder.initListedOffsets(unsigned(listed.offsets.size())), listed.offsets);
  write_list(builder.initListedTokens(unsigned(listed.tokens.size())), listed.tokens);
  write_list(builder.initListedCredits(unsigned(listed.credits.size())), listed.credits);
  builder.setMixWeight(sequence.mix_weight);
  builder.setMaskToken(sequence.mask_token);
  if (!sequence.loop.empty()) builder.setLoop(data_of(sequence.loop));
}

SequenceStep read_sequence(wire::SequenceStep::Reader reader) {
  SequenceStep sequence;
  sequence.sequence = reader.getSequence();
  sequence.phase = read_enum(reader.getPhase(), Phase::kCommit, "the phase");
  sequence.iteration = reader.getIteration();
  sequence.num_positions = reader.getNumPositions();
  sequence.window = read_window(reader.getWindow());
  sequence.inputs = read_list<std::int32_t>(reader.getInputs(), "inputs");
  sequence.guidance_inputs = read_list<std::int32_t>(reader.getGuidanceInputs(), "guidance inputs");
  SamplingRules& rules = sequence.rules;
  rules.never_chosen = read_list<std::int32_t>(reader.getNeverChosen(), "ids never chosen");
  rules.not_in_confidence =
      read_list<std::int32_t>(reader.getNotInConfidence(), "ids not in the confidence");
  rules.choosable_end = reader.getChoosableEnd();
  rules.temperature = reader.getTemperature();
  rules.top_k = reader.getTopK();
  rules.top_p = reader.getTopP();
  rules.seed = reader.getSeed();
  rules.block = reader.getBlock();
  rules.decision = reader.getDecision();
  rules.cfg_scale = reader.getCfgScale();
  sequence.statistics = reader.getStatistics();
  sequence.present = read_list<std::int32_t>(reader.getPresent(), "present tokens");
  sequence.listed = {read_list<std::int32_t>(reader.getListedOffsets(), "list offsets"),
                     read_list<std::int32_t>(reader.getListedTokens(), "listed tokens"),
                     read_list<float>(reader.getListedCredits(), "listed credits")};
  sequence.mix_weight = reader.getMixWeight();
  sequence.mask_token = reader.getMaskToken();
  sequence.loop = read_bytes(reader.getLoop(), "a loop", kMaxLoopBytes);
  return sequence;
}

void write_candidates(wire::Candidates::Builder builder, const CandidateColumns& columns) {
  write_list(builder.initPosition(unsigned(columns.position.size())), columns.position);
  write_list(builder.initToken(unsigned(columns.token.size())), columns.token);
  write_list(builder.initLogit(unsigned(columns.logit.size())), columns.logit);
  write_list(builder.initLogSumExp(unsigned(columns.log_sum_exp.size())), columns.log_sum_exp);
  write_list(builder.initEntropy(unsigned(columns.entropy.size())), columns.entropy);
  write_list(builder.initRunnerUp(unsigned(columns.runner_up.size())), columns.runner_up);
  write_list(builder.initRunnerUpLogit(unsigned(columns.runner_up_logit.size())),
             columns.runner_up_logit);
  write_list(builder.initRawToken(unsigned(columns.raw_token.size())), columns.raw_token);
  write_list(builder.initPresentLogit(unsigned(columns.present_logit.size())),
             columns.present_logit);
  write_list(builder.initListedLogit(unsigned(columns.listed_logit.size())), columns.listed_logit);
}
CandidateColumns read_candidates(wire::Candidates::Reader reader) {
  return {read_list<std::int32_t>(reader.getPosition(), "positions"),
          read_list<std::int32_t>(reader.getToken(), "tokens"),
          read_list<float>(reader.getLogit(), "logits"),
          read_list<float>(reader.getLogSumExp(), "log-sum-exps"),
          read_list<float>(reader.getEntropy(), "entropies"),
          read_list<std::int32_t>(reader.getRunnerUp(), "runner-ups"),
          read_list<float>(reader.getRunnerUpLogit(), "runner-up logits"),
          read_list<std::int32_t>(reader.getRawToken(), "raw tokens"),
          read_list<float>(reader.getPresentLogit(), "present logits"),
          read_list<float>(reader.getListedLogit(), "listed logits")};
}

}  // namespace

void write(wire::Traced::Builder builder, const actors::Traced& message) {
  builder.setJob(job_data(message.job));
  write_range(builder.initBlock(), message.block);
  write_sequence(builder.initStep(), message.step);
  write_candidates(builder.initCandidates(), message.candidates);
  auto edits = builder.initEdits(unsigned(message.edits.size()));
  for (std::size_t i = 0; i < message.edits.size(); ++i) {
    edits[unsigned(i)].setPosition(message.edits[i].position);
    edits[unsigned(i)].setToken(message.edits[i].token);
  }
  if (message.eos_fill) write_range(builder.initEosFill(), *message.eos_fill);
}
void read(wire::Traced::Reader reader, actors::Traced& message) {
  message.job = read_job(reader.getJob());
  message.block = read_range(reader.getBlock());
  message.step = read_sequence(reader.getStep());
  message.candidates = read_candidates(reader.getCandidates());
  check_length(reader.getEdits(), "edits");
  for (const auto edit : reader.getEdits()) {
    message.edits.push_back({edit.getPosition(), edit.getToken()});
  }
  if (reader.hasEosFill()) message.eos_fill = read_range(reader.getEosFill());
}

void write(wire::Step::Builder builder, const Step& message) {
  builder.setEpoch(message.epoch);
  builder.setSeq(message.seq);
  auto sequences = builder.initSequences(unsigned(message.sequences.size()));
  for (std::size_t i = 0; i < message.sequences.size(); ++i) {
    write_sequence(sequences[unsigned(i)], message.sequences[i]);
  }
  write_list(builder.initClosed(unsigned(message.closed.size())), message.closed);
  builder.setBurst(message.burst);
}
void read(wire::Step::Reader reader, Step& message) {
  message.epoch = reader.getEpoch();
  message.seq = reader.getSeq();
  check_length(reader.getSequences(), "sequences", kMaxSequences);
  for (const auto sequence : reader.getSequences()) {
    message.sequences.push_back(read_sequence(sequence));
  }
  message.closed = read_list<SequenceId>(reader.getClosed(), "closed sequences");
  message.burst = reader.getBurst();
}

void write(wire::StepResult::Builder builder, const StepResult& message) {
  builder.setEpoch(message.epoch);
  builder.setSeq(message.seq);
  auto sequences = builder.initSequences(unsigned(message.sequences.size()));
  for (std::size_t i = 0; i < message.sequences.size(); ++i) {
    auto sequence = sequences[unsigned(i)];
    sequence.setSequence(message.sequences[i].sequence);
    sequence.setIteration(message.sequences[i].iteration);
    write_candidates(sequence.initCandidates(), message.sequences[i].candidates);
    sequence.setAsked(message.sequences[i].asked);
    if (message.sequences[i].refusal) {
      write_error(sequence.initRefusal(), *message.sequences[i].refusal);
    }
  }
  builder.setDigest(message.digest);
  builder.setDeviceTimeUs(message.device_time.count());
  builder.setCollectiveTimeUs(message.collective_time.count());
  builder.setGoesOn(message.goes_on);
}
void read(wire::StepResult::Reader reader, StepResult& message) {
  message.epoch = reader.getEpoch();
  message.seq = reader.getSeq();
  check_length(reader.getSequences(), "sequences", kMaxSequences);
  for (const auto sequence : reader.getSequences()) {
    message.sequences.push_back({sequence.getSequence(), sequence.getIteration(),
                                 read_candidates(sequence.getCandidates()), std::nullopt,
                                 sequence.getAsked()});
    if (sequence.hasRefusal()) {
      message.sequences.back().refusal = read_error(sequence.getRefusal());
    }
  }
  message.digest = reader.getDigest();
  message.device_time = std::chrono::microseconds(reader.getDeviceTimeUs());
  message.collective_time = std::chrono::microseconds(reader.getCollectiveTimeUs());
  message.goes_on = reader.getGoesOn();
}

void write(wire::Inspect::Builder builder, const actors::Inspect& message) {
  builder.setEpoch(message.epoch);
  builder.setRequest(message.request);
  write_list(builder.initTokens(unsigned(message.tokens.size())), message.tokens);
  builder.setCausalBlockLength(message.causal_block_length);
  builder.setWantsHidden(message.wants_hidden);
}
void read(wire::Inspect::Reader reader, actors::Inspect& message) {
  message = {reader.getEpoch(), reader.getRequest(),
             read_list<std::int32_t>(reader.getTokens(), "tokens"), reader.getCausalBlockLength(),
             reader.getWantsHidden()};
}

void write(wire::Inspected::Builder builder, const actors::Inspected& message) {
  builder.setRequest(message.request);
  const network::TensorRows& rows = message.rows;
  builder.setTensor(text_of(rows.name));
  builder.setIsInteger(rows.is_integer);
  builder.setFirstRow(rows.first_row);
  builder.setNumRows(rows.num_rows);
  builder.setNumCols(rows.num_cols);
  write_list(builder.initData(unsigned(rows.data.size())), rows.data);
  builder.setIsLast(message.is_last);
  if (message.error) write_error(builder.initError(), *message.error);
}
void read(wire::Inspected::Reader reader, actors::Inspected& message) {
  message.request = reader.getRequest();
  network::TensorRows& rows = message.rows;
  rows = {read_text(reader.getTensor(), "the tensor's name"),
          reader.getIsInteger(),
          reader.getFirstRow(),
          reader.getNumRows(),
          reader.getNumCols(),
          read_list<std::uint32_t>(reader.getData(), "data")};
  message.is_last = reader.getIsLast();
  if (reader.hasError()) message.error = read_error(reader.getError());
  const bool fits =
      rows.first_row >= 0 && rows.num_rows >= 0 && rows.num_cols >= 0 &&
      std::uint64_t(rows.first_row) * std::uint64_t(rows.num_cols) + rows.data.size() <=
          std::uint64_t(rows.num_rows) * std::uint64_t(rows.num_cols);
  if (!fits) throw Malformed{"rows outside their tensor"};
}

void write(wire::EndBurst::Builder builder, const actors::EndBurst& message) {
  builder.setEpoch(message.epoch);
  builder.setSeq(message.seq);
}
void read(wire::EndBurst::Reader reader, actors::EndBurst& message) {
  message = {reader.getEpoch(), reader.getSeq()};
}

void write(wire::InspectMore::Builder builder, const actors::InspectMore& message) {
  builder.setEpoch(message.epoch);
}
void read(wire::InspectMore::Reader reader, actors::InspectMore& message) {
  message.epoch = reader.getEpoch();
}

}  // namespace unmask::rpc::codec
