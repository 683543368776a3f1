#include "actors/worker/device_thread.h"

#include <algorithm>
#include <exception>
#include <optional>
#include <string>
#include <utility>

#include "actors/worker/measured_collective.h"
#include "model/diffusion/burst.h"

namespace unmask::actors {
namespace {

constexpr std::size_t kMaxWaiting = 256;  // a group asks for one thing at a time, tools for more

Gauge& kv_pages(Metrics& metrics, std::string_view state) {
  return metrics.gauge("unmask_worker_kv_pages",
                       "KV pages of this worker, holding something or free. Those of a job that "
                       "ended are freed with the next step.",
                       {{"state", state}});
}

Error over() { return {ErrorCode::kCancelled, "the epoch is over"}; }
Error overloaded() { return {ErrorCode::kOverloaded, "too much waits for the device"}; }

/// What every rank says, by rank.
Result<std::vector<std::int32_t>> words_of_all(Collective& collective, std::int32_t mine) {
  std::vector<std::int32_t> all(std::size_t(collective.size()), -1);
  const Result<> gathered = collective.all_gather(&mine, all.data(), sizeof mine, {});
  if (!gathered) return gathered.error();
  return all;
}

/// Every rank says whether it is there, and hears that all are.
Result<> handshake(Collective& collective) {
  const auto all = words_of_all(collective, collective.rank());
  if (!all) return all.error();
  for (std::size_t rank = 0; rank < all->size(); ++rank) {
    if ((*all)[rank] != std::int32_t(rank)) {
      return Error{ErrorCode::kInternal, "the collective mixed its ranks up"};
    }
  }
  return {};
}

}  // namespace

DeviceThread::DeviceThread(Env env, CollectiveFactory& factory,
                           std::chrono::milliseconds form_timeout, Lost lost,
                           std::size_t max_piece_bytes)
    : env_(env),
      pages_used_(kv_pages(env.metrics, "used")),
      pages_free_(kv_pages(env.metrics, "free")),
      recorded_(env.metrics.gauge("unmask_worker_recorded_forwards",
                                  "Kinds of forwards that a GPU keeps as CUDA graphs.", {})),
      replays_(env.metrics.counter("unmask_worker_replayed_forwards_total",
                                   "Forwards that were one launch of such a graph.", {})),
      factory_(factory),
      form_timeout_(form_timeout),
      lost_(std::move(lost)),
      max_piece_bytes_(max_piece_bytes),
      thread_("device", kMaxWaiting) {}

DeviceThread::~DeviceThread() { abort(UINT64_MAX); }

bool DeviceThread::stop_within(std::chrono::milliseconds patience) {
  abort(UINT64_MAX);
  return thread_.stop_within(patience);
}

template <typename Work>
bool DeviceThread::post(Work work) {
  return thread_.post([this, work = std::move(work)] {
    try {
      work();
    } catch (const kernels::DeviceError& failure) {
      lost_(failure);
    }
  });
}

template <typename Answer, typename Work>
void DeviceThread::answer(const std::function<void(Answer)>& done, Work work) {
  const bool is_taken = post([done, work = std::move(work)] {
    try {
      done(work());
    } catch (const kernels::DeviceError&) {
      throw;
    } catch (const std::exception& failure) {  // memory that is short, say
      done(
          Answer(Error{ErrorCode::kInternal, std::string("the device failed: ") + failure.what()}));
    }
  });
  if (!is_taken) done(overloaded());
}

void DeviceThread::load(MakeEngine make_engine,
                        std::function<void(Result<const network::Engine*>)> done) {
  answer(done, [this, make = std::move(make_engine)]() -> Result<const network::Engine*> {
    Result<std::unique_ptr<network::Engine>> engine = make();
    if (!engine) return engine.error();
    engine_ = std::move(*engine);
    tell_state();
    return engine_.get();
  });
}

void DeviceThread::tell_state() {
  const cache::KvPages& pages = engine_->pages();
  pages_used_.set(pages.num_pages() - pages.num_free_pages());
  pages_free_.set(pages.num_free_pages());
  const network::Recordings& recordings = engine_->recordings();
  recorded_.set(double(recordings.num_kept()));
  replays_.add(
      double(recordings.num_replays() - std::exchange(told_replays_, recordings.num_replays())));
}

void DeviceThread::prepare(FormGroup group, std::function<void(Result<Bytes>)> done) {
  answer(done, [this, group]() -> Result<Bytes> {
    if (is_over(group.epoch)) return over();
    (void)engine_->join(nullptr);
    tell_state();
    collective_.store(nullptr);
    ended_burst_ = 0;
    return factory_.prepare(group.epoch, group.rank, group.size);
  });
}

void DeviceThread::connect(Epoch epoch, std::vector<Bytes> addresses,
                           std::function<void(Result<>)> done) {
  answer(done, [this, epoch, addresses = std::move(addresses)] {
    return is_over(epoch) ? Result<>(over()) : join(epoch, addresses);
  });
}

Result<> DeviceThread::join(Epoch epoch, const std::vector<Bytes>& addresses) {
  Result<std::unique_ptr<Collective>> made = factory_.connect(addresses, form_timeout_);
  if (!made) return made.error();
  const auto collective =
      std::make_shared<MeasuredCollective>(std::move(*made), env_.clock, env_.metrics);
  collective_.store(collective);
  if (is_over(epoch)) return over();  // abort() may have missed the new one
  if (const Result<> shaken = handshake(*collective); !shaken) return shaken;
  return engine_->join(collective.get());
}

void DeviceThread::run(Step step, std::function<void(Result<StepResult>)> done) {
  answer(done, [this, step = std::move(step), done]() -> Result<StepResult> {
    return run_steps(step, done);
  });
}

/// Answers what a burst goes on behind; returns the last answer.
Result<StepResult> DeviceThread::run_steps(Step step,
                                           const std::function<void(Result<StepResult>)>& done) {
  std::optional<diffusion::Burst> burst;
  if (step.burst > 1) {
    Result<diffusion::Burst> made = diffusion::Burst::of(step);
    if (!made) return made.error();
    burst = std::move(*made);
  }
  const std::uint64_t first = step.seq;
  while (!is_over(step.epoch)) {
    Result<StepResult> result = engine_->run(step);
    tell_state();
    if (!result || !burst) return result;
    std::optional<Step> next = burst->next(*result);
    const Result<bool> goes_on = all_go_on(next && ended_burst_ < first);
    if (!goes_on) return goes_on.error();
    burst->sign(*result, *goes_on);
    if (!*goes_on) return result;
    done(std::move(result));
    step = std::move(*next);
  }
  return over();
}

/// A rank that went on alone would wait for the others for ever.
Result<bool> DeviceThread::all_go_on(bool mine) {
  const std::shared_ptr<Collective> collective = collective_.load();
  if (collective == nullptr || collective->size() == 1) return mine;
  const auto all = words_of_all(*collective, std::int32_t(mine));
  if (!all) return all.error();
  return std::ranges::all_of(*all, [](std::int32_t one) { return one == 1; });
}

void DeviceThread::inspect(Inspect request, std::function<void(Inspected)> rows) {
  const auto end = [rows, number = request.request](const Result<>& done) {
    Inspected last;
    last.request = number;
    last.is_last = true;
    if (!done) last.error = done.error();
    rows(std::move(last));
  };
  const bool is_taken = post([this, request = std::move(request), rows, end] {
    const auto sink = [&](const network::TensorRows& part) { give_rows(request, part, rows); };
    Result<> done = is_over(request.epoch)
                        ? Result<>(over())
                        : engine_->inspect(request.tokens, request.causal_block_length,
                                           request.wants_hidden, sink);
    if (done && is_over(request.epoch)) done = over();  // pieces may be missing
    end(done);
  });
  if (!is_taken) end(overloaded());
}

void DeviceThread::give_rows(const Inspect& request, const network::TensorRows& rows,
                             const TakeRows& take) {
  const std::size_t num_cols = std::size_t(rows.num_cols);
  const std::size_t row_bytes = num_cols * sizeof(std::uint32_t);
  const std::size_t max_values = std::max<std::size_t>(max_piece_bytes_ / row_bytes, 1) * num_cols;
  for (std::size_t begin = 0; begin < rows.data.size(); begin += max_values) {
    const auto first = rows.data.begin() + std::ptrdiff_t(begin);
    const auto num_values = std::min(max_values, rows.data.size() - begin);
    network::TensorRows piece{
        rows.name,     rows.is_integer, rows.first_row + std::int32_t(begin / num_cols),
        rows.num_rows, rows.num_cols,   {first, first + std::ptrdiff_t(num_values)}};
    give_piece(request.epoch, {request.request, std::move(piece), false, std::nullopt}, take);
  }
}

void DeviceThread::give_piece(Epoch epoch, Inspected piece, const TakeRows& take) {
  is_piece_taken_ = false;
  if (is_over(epoch)) return;  // abort() says so before it wakes who waits
  take(std::move(piece));
  is_piece_taken_.wait(false);
}

void DeviceThread::inspect_more() {
  is_piece_taken_ = true;
  is_piece_taken_.notify_one();
}

void DeviceThread::abort(Epoch epoch) {
  Epoch before = aborted_.load();
  while (before < epoch && !aborted_.compare_exchange_weak(before, epoch)) {
  }
  inspect_more();
  factory_.abort();
  if (const std::shared_ptr<Collective> collective = collective_.load()) collective->abort();
}

}  // namespace unmask::actors
