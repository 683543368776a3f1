#include "actors/device_thread.h"

#include <utility>

#include "actors/measured_collective.h"

namespace unmask {
namespace {

Error over() { return {ErrorCode::kCancelled, "the epoch is over"}; }

/// Every rank says whether it is there, and hears that all are.
Result<> handshake(Collective& collective) {
  const std::int32_t mine = collective.rank();
  std::vector<std::int32_t> all(std::size_t(collective.size()), -1);
  const Result<> gathered = collective.all_gather(&mine, all.data(), sizeof mine, {});
  if (!gathered) return gathered;
  for (std::size_t rank = 0; rank < all.size(); ++rank) {
    if (all[rank] != std::int32_t(rank)) {
      return Error{ErrorCode::kInternal, "the collective mixed its ranks up"};
    }
  }
  return {};
}

}  // namespace

DeviceThread::DeviceThread(Env env, CollectiveFactory& factory,
                           std::chrono::milliseconds form_timeout)
    : env_(env), factory_(factory), form_timeout_(form_timeout), thread_("device") {}

DeviceThread::~DeviceThread() { abort(UINT64_MAX); }

void DeviceThread::load(MakeEngine make_engine, std::function<void(Result<const Engine*>)> done) {
  thread_.post([this, make = std::move(make_engine), done = std::move(done)] {
    Result<std::unique_ptr<Engine>> engine = make();
    if (!engine) return done(engine.error());
    engine_ = std::move(*engine);
    done(static_cast<const Engine*>(engine_.get()));
  });
}

void DeviceThread::prepare(FormGroup group, std::function<void(Result<Bytes>)> done) {
  thread_.post([this, group, done = std::move(done)] {
    if (is_over(group.epoch)) return done(over());
    (void)engine_->join(nullptr);
    collective_.store(nullptr);
    done(factory_.prepare(group.epoch, group.rank, group.size));
  });
}

void DeviceThread::connect(Epoch epoch, std::vector<Bytes> addresses,
                           std::function<void(Result<>)> done) {
  thread_.post([this, epoch, addresses = std::move(addresses), done = std::move(done)] {
    done(is_over(epoch) ? Result<>(over()) : join(epoch, addresses));
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
  thread_.post([this, step = std::move(step), done = std::move(done)] {
    done(is_over(step.epoch) ? Result<StepResult>(over()) : engine_->run(step));
  });
}

void DeviceThread::inspect(Inspect request, std::function<void(Inspected)> rows) {
  thread_.post([this, request = std::move(request), rows = std::move(rows)] {
    const auto sink = [&](TensorRows part) {
      rows(Inspected{request.request, std::move(part.name), part.is_integer, part.first_row,
                     part.num_rows, part.num_cols, std::move(part.data), false, std::nullopt});
    };
    const Result<> done = is_over(request.epoch)
                              ? Result<>(over())
                              : engine_->inspect(request.tokens, request.causal_block_length,
                                                 request.wants_hidden, sink);
    Inspected last;
    last.request = request.request;
    last.is_last = true;
    if (!done) last.error = done.error();
    rows(std::move(last));
  });
}

void DeviceThread::abort(Epoch epoch) {
  Epoch before = aborted_.load();
  while (before < epoch && !aborted_.compare_exchange_weak(before, epoch)) {
  }
  factory_.abort();
  if (const std::shared_ptr<Collective> collective = collective_.load()) collective->abort();
}

}  // namespace unmask
