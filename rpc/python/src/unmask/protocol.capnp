# What travels between the processes of a cluster and its clients: the body behind the envelope of
# rpc/envelope.h, one root struct per type of message. Job ids are 16 bytes, made by the client.
# Times are durations; no clock is shared.
@0xd1f05a9be6c3a742;

using Cxx = import "/capnp/c++.capnp";
$Cxx.namespace("unmask::wire");

const maxDeadlineMs :Int64 = 3600000;

struct Range {                 # positions [begin, end) of a canvas
  begin @0 :Int32;
  end @1 :Int32;
}

struct Parameter {             # a diffusion parameter as the user wrote it
  name @0 :Text;
  value @1 :Text;
}

struct Error {
  code @0 :UInt16;             # 0 invalid argument, 1 not found, 2 overloaded, 3 unavailable,
                               # 4 cancelled, 5 deadline exceeded, 6 internal, 7 too long
  message @1 :Text;
}

struct Subscription {
  blocks @0 :Bool = true;
  frames @1 :Bool;
  trace @2 :Bool;
  logprobs @3 :Bool;           # Committed has them; said when the job is submitted
}

struct ChatMessage {
  role @0 :Text;
  content @1 :Text;
}

struct ChoiceRule {            # the positions hold one of these, as a whole
  positions @0 :Range;
  choices @1 :List(Int32);     # as many tokens each as there are positions; -1: the end of text
}

struct TokenInput {            # without holes, gen_length holes follow the tokens
  tokens @0 :List(Int32);
  holes @1 :List(Range);
  neverChosen @2 :List(Int32); # in no hole, but where a choice has them; ascending
  choices @3 :List(ChoiceRule);
}

struct TemplateInput {         # a text with holes {{name:N}}, answered as a whole
  messages @0 :List(ChatMessage); # that it answers; none: a text of its own
  text @1 :Text;
  format @2 :UInt8;            # 0 text, 1 JSON with holes, 2 JSON Schema, 3 pieces: a
                               # JSON list of texts, and of holes as [name, N]
}

# ---- Clients and gateways ----

struct Submit {                # the same id and body again is the same job
  job @0 :Data;
  model @1 :Text;              # empty: the one that is served
  input :union {
    text @2 :Text;             # one user message through the chat template
    rawText @3 :Text;          # plain text
    chat @4 :List(ChatMessage);
    tokens @5 :TokenInput;
    template @14 :TemplateInput;
  }
  parameters @6 :List(Parameter);
  stop @7 :List(Text);
  deadlineMs @8 :Int64;        # remaining; 0: none
  subscription @9 :Subscription;
  resumeAfterBlock @10 :Int32 = -1;
  isDetached @11 :Bool;        # goes on without its client
  priority @12 :Int32;         # of waiting jobs the highest is next
  specialTokens @13 :Bool;     # of rawText: control tokens in it are tokens, not text
}

struct Attach {                # to a job that was submitted before
  job @0 :Data;
  subscription @1 :Subscription;
  resumeAfterBlock @2 :Int32 = -1;
}

struct Requester {             # the gateway's word on who asks; from clients it counts for nothing
  key @0 :Text;
  process @1 :UInt64;
  isOperator @2 :Bool;
}

struct JobRef {                # Cancel, StopJob
  job @0 :Data;
  requester @1 :Requester;     # of a Cancel
}

struct Accepted {
  job @0 :Data;
  isResend @1 :Bool;
  promptTokens @2 :Int32;
  canvasLength @3 :Int32;
}

struct Queued {
  job @0 :Data;
  place @1 :Int32;             # 1: next
  reason @2 :Text;
}

struct Committed {             # a finished block: final, sent once
  job @0 :Data;
  block @1 :Int32;
  positions @2 :Range;
  tokens @3 :List(Int32);
  text @4 :Text;
  places @5 :List(Range);      # where the tokens stand
  logprobs @6 :List(Float32);  # of the tokens, at most 0; 1: nobody was asked. None: not subscribed
}

struct Frame {                 # the running block after an iteration: provisional, may be lost
  struct Cell {
    token @0 :Int32;           # -1: a hole without a guess
    isGuess @1 :Bool;          # a hole, for which this token is the best so far
    confidence @2 :Float32;    # 0 to 1; -1: unknown
    text @3 :Text;
  }
  job @0 :Data;
  block @1 :Int32;
  iteration @2 :Int32;
  positions @3 :Range;
  numHoles @4 :Int32;
  cells @5 :List(Cell);        # of its positions in order; of a very long block the first ones
}

struct Figures {
  tokens @0 :Int32;
  forwards @1 :Int32;
  promptTokens @2 :Int32;
  blocks @3 :Int32;
  queueTimeUs @4 :Int64;
  timeToFirstBlockUs @5 :Int64;
  durationUs @6 :Int64;
}

struct Fill {                  # what stands in one hole of a template
  name @0 :Text;
  positions @1 :Range;
  text @2 :Text;
}

struct Finished {
  job @0 :Data;
  reason @1 :UInt8;            # 0 stop, 1 length, 2 cancelled, 3 deadline, 4 error
  error @2 :Error;             # if reason is error
  tokens @3 :List(Int32);
  canvas @4 :List(Int32);
  text @5 :Text;
  figures @6 :Figures;
  fills @7 :List(Fill);
}

struct Rejected {
  job @0 :Data;
  error @1 :Error;
}

struct Question {              # ListJobs, GetStatus
  request @0 :UInt64;
  requester @1 :Requester;     # of ListJobs
}

struct JobList {
  struct Job {
    job @0 :Data;
    state @1 :UInt8;           # 0 queued, 1 running, 2 finished
    tokens @2 :Int32;
    forwards @3 :Int32;
    block @4 :Int32;
    numBlocks @5 :Int32;
    ageMs @6 :Int64;
    outcome @7 :Text;
    client @8 :Text;
    runTimeMs @9 :Int64;       # of its age, since it last began to run; 0: it never did
  }
  request @0 :UInt64;
  jobs @1 :List(Job);
  error @2 :Error;             # instead of jobs; absent: none
}

struct MemberStatus {
  role @0 :UInt8;              # 0 coordinator, 1 gateway, 2 worker
  replica @1 :Int32;
  rank @2 :Int32;
  pid @3 :Int64;
  host @4 :Text;
  http @5 :Text;
  state @6 :Text;
  phase @7 :Text;
  progress @8 :Float32;
  lastEnd @9 :UInt8;           # of its former life: 0 unknown, 1 exit, 2 signal, 3 device, 4 hardware, 5 silence
  lastWords @10 :Text;
}

struct ClusterStatus {
  request @0 :UInt64;
  version @1 :Text;
  model @2 :Text;
  epoch @3 :UInt64;
  isReady @4 :Bool;
  jobsRunning @5 :Int32;
  jobsWaiting @6 :Int32;
  kvPagesUsed @7 :Int64;
  kvPagesTotal @8 :Int64;
  durability @9 :Text;
  members @10 :List(MemberStatus);
  error @11 :Error;            # instead of all but the request; absent: none
  sinceProgressMs @12 :Int64;  # since a step ended; 0: nothing is to be done
}

# ---- Gateway and coordinator ----

struct Admit {
  job @0 :Data;
  bodyDigest @1 :UInt64;
  input @2 :TokenInput;
  parameters @3 :List(Parameter);
  deadlineMs @4 :Int64;
  subscription @5 :Subscription;
  resumeAfterBlock @6 :Int32 = -1;
  requester @7 :Requester;
  isDetached @8 :Bool;
  priority @9 :Int32;
}

struct Traced {                # one forward, seen by one sequence
  struct Edit {
    position @0 :Int32;
    token @1 :Int32;
  }
  job @0 :Data;
  block @1 :Range;
  step @2 :SequenceStep;
  candidates @3 :Candidates;
  edits @4 :List(Edit);
  eosFill @5 :Range;           # absent: none
}

# ---- Membership ----

struct Capacity {
  numKvPages @0 :Int64;
  pageSize @1 :Int32;
  maxRowsPerStep @2 :Int32;
  maxPositions @3 :Int32;
  weightBytes @4 :Int64;
  kvBytes @5 :Int64;
  numSoftRows @6 :Int64;
}

struct Join {
  role @0 :UInt8;
  replica @1 :Int32;
  rank @2 :Int32;
  incarnation @3 :UInt64;
  pid @4 :Int64;
  host @5 :Text;
  http @6 :Text;
  modelDigest @7 :UInt64;
  numerics @8 :Text;
  capacity @9 :Capacity;
  numericClass @10 :Text;
  lastEnd @11 :UInt8;          # as of MemberStatus
  lastWords @12 :Text;
}

struct Welcome {
  epoch @0 :UInt64;
  heartbeatIntervalMs @1 :Int64;
}

struct JoinRejected {
  error @0 :Error;
}

struct Loading {
  role @0 :UInt8;
  replica @1 :Int32;
  rank @2 :Int32;
  pid @3 :Int64;
  host @4 :Text;
  http @5 :Text;
  phase @6 :Text;
  done @7 :Int64;
  total @8 :Int64;
  lastEnd @9 :UInt8;           # as of MemberStatus
  lastWords @10 :Text;
}

struct Beat {                  # Heartbeat, HeartbeatAck
  beat @0 :UInt64;
}

# ---- Groups ----

struct FormGroup {
  epoch @0 :UInt64;
  replica @1 :Int32;
  rank @2 :Int32;
  size @3 :Int32;
}

struct GroupAddress {
  epoch @0 :UInt64;
  rank @1 :Int32;
  address @2 :Data;
}

struct GroupAddresses {
  epoch @0 :UInt64;
  addresses @1 :List(Data);
}

struct GroupReady {
  epoch @0 :UInt64;
  rank @1 :Int32;
}

struct LeaveGroup {
  epoch @0 :UInt64;
  reason @1 :Text;
}

struct GroupFailed {
  epoch @0 :UInt64;
  rank @1 :Int32;
  error @2 :Error;
}

# ---- Steps ----

struct Window {                # five sets of positions of one forward
  computed @0 :List(Range);
  visible @1 :List(Range);
  written @2 :List(Range);
  decoded @3 :List(Range);
  mixed @4 :List(Range);
  causalBlockLength @5 :Int32; # 0: every row sees all keys
}

struct SequenceStep {
  sequence @0 :UInt64;
  phase @1 :UInt8;             # 0 prefill, 1 refresh, 2 denoise, 3 commit
  iteration @2 :Int32;
  numPositions @3 :Int32;
  window @4 :Window;
  inputs @5 :List(Int32);
  guidanceInputs @6 :List(Int32);
  neverChosen @7 :List(Int32);
  notInConfidence @8 :List(Int32);
  choosableEnd @9 :Int32;
  temperature @10 :Float32;
  seed @11 :UInt64;
  cfgScale @12 :Float32;
  statistics @13 :UInt32;
  present @14 :List(Int32);
  listedOffsets @15 :List(Int32);
  listedTokens @16 :List(Int32);
  listedCredits @17 :List(Float32);
  mixWeight @18 :Float32;
  maskToken @19 :Int32 = -1;
  topK @20 :Int32;
  topP @21 :Float32 = 1;
  block @22 :Int32;            # with the decision and the seed: what is drawn
  decision @23 :Int32;
  loop @24 :Data;              # of a burst
}

struct Step {
  epoch @0 :UInt64;
  seq @1 :UInt64;
  sequences @2 :List(SequenceStep);
  closed @3 :List(UInt64);
  burst @4 :Int32;
}

struct Candidates {            # columns of equal length, or empty
  position @0 :List(Int32);
  token @1 :List(Int32);
  logit @2 :List(Float32);
  logSumExp @3 :List(Float32);
  entropy @4 :List(Float32);
  runnerUp @5 :List(Int32);
  runnerUpLogit @6 :List(Float32);
  rawToken @7 :List(Int32);
  presentLogit @8 :List(Float32);
  listedLogit @9 :List(Float32);
}

struct StepResult {
  struct Sequence {
    sequence @0 :UInt64;
    iteration @1 :Int32;
    candidates @2 :Candidates;
    refusal @3 :Error;  # instead of candidates
    asked @4 :UInt64;   # within a burst: a digest of what the workers went on with
  }
  epoch @0 :UInt64;
  seq @1 :UInt64;
  sequences @2 :List(Sequence);
  digest @3 :UInt64;
  deviceTimeUs @4 :Int64;
  collectiveTimeUs @5 :Int64;
  goesOn @6 :Bool;
}

struct EndBurst {              # not further than the forward that is being made
  epoch @0 :UInt64;
  seq @1 :UInt64;              # of the burst's first step
}

struct Inspect {
  epoch @0 :UInt64;
  request @1 :UInt64;
  tokens @2 :List(Int32);
  causalBlockLength @3 :Int32;
  wantsHidden @4 :Bool;
}

struct Inspected {
  request @0 :UInt64;
  tensor @1 :Text;
  isInteger @2 :Bool;
  firstRow @3 :Int32;
  numRows @4 :Int32;
  numCols @5 :Int32;
  data @6 :List(UInt32);
  isLast @7 :Bool;
  error @8 :Error;
}

struct InspectMore {
  epoch @0 :UInt64;
}

struct ServiceState {           # whether jobs can be computed
  isReady @0 :Bool;
  reason @1 :Text;
}

struct Leaving {                # of a worker that is told to end
  reason @0 :Text;
}
