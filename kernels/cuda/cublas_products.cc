#include <algorithm>
#include <filesystem>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "kernels/cuda/cublas_lt.h"
#include "kernels/cuda/cuda_check.h"
#include "kernels/cuda/cuda_matrix.h"
#include "kernels/cuda/kernels.h"
#include "kernels/cuda/library_products.h"
#include "kernels/cuda/packed_shapes.h"
#include "kernels/cuda/product_choice.h"
#include "kernels/cuda/product_file.h"
#include "kernels/cuda/product_trial.h"
#include "kernels/cuda/scratch_parts.h"
#include "kernels/gpus.h"
#include "runtime/base/check.h"

namespace unmask::kernels {
namespace {

constexpr int kCandidates = 8;
constexpr int kMatricesInTurn = 8;  // more than a cache holds

/// Rows that a product of the library has at a time.
int piece_of(const ProductKey& key) {
  return key.kind == ProductKind::kHead ? std::min(key.rows, kMaxLogitRows) : key.rows;
}

ProductKey key_of(const PackedMatrix& weight, ProductKind kind, int rows) {
  const MatrixView& view = view_of(weight);
  return {.kind = kind, .features = view.rows, .depth = view.stride(), .rows = rows};
}

/// The matrices that are multiplied alike, which a trial takes in turn.
struct Alike {
  ProductKind kind = ProductKind::kLinear;
  std::vector<const PackedMatrix*> matrices{};
};

std::vector<Alike> alike(std::span<const MatrixUse> uses) {
  std::map<ProductKey, Alike> by_key;
  for (const MatrixUse& use : uses) {
    // f32 stays with own kernels: who asks for it wants its 24 bits, which TF32 would drop.
    if (view_of(*use.matrix).dtype != DType::kBF16 || use.matrix->rows() == 0) continue;
    const ProductKind kind = use.is_head ? ProductKind::kHead : ProductKind::kLinear;
    Alike& group = by_key[key_of(*use.matrix, kind, 0)];
    group.kind = kind;
    group.matrices.push_back(use.matrix);
  }
  std::vector<Alike> groups;
  for (auto& [key, group] : by_key) groups.push_back(std::move(group));
  return groups;
}

ProductPlace place_of(int device, int library_version) {
  const Gpus gpus = find_gpus();
  const Gpu& gpu = gpus.all.at(std::size_t(device));
  return {.gpu = gpu.name,
          .capability = gpu.capability,
          .driver_version = gpus.driver_version,
          .library_version = library_version};
}

struct LinearScratch {
  void* rows;  // packed; null: x is what it has to be
  void* workspace;
};

LinearScratch scratch_in(ScratchParts& parts, const Linear& op) {
  const MatrixView& weight = view_of(op.weight);
  LinearScratch scratch{};
  if (op.x.dtype != weight.dtype || weight.stride() != op.x.cols) {
    scratch.rows = parts.take<std::byte>(std::size_t(op.x.rows) * std::size_t(weight.stride()) *
                                         size_of(weight.dtype));
  }
  scratch.workspace = parts.take<std::byte>(kCublasWorkspaceBytes);
  return scratch;
}

void multiply(const Linear& op, const CublasProduct& product, void* scratch, cudaStream_t stream) {
  ScratchParts parts(scratch);
  const LinearScratch arrays = scratch_in(parts, op);
  if (arrays.rows != nullptr) pack_rows(op.x, view_of(op.weight), arrays.rows, stream);
  product.enqueue(arrays.rows != nullptr ? arrays.rows : op.x.data, view_of(op.weight).data,
                  static_cast<float*>(op.out.data), arrays.workspace, stream);
}

/// The workspace, and behind it what lm_head_candidates takes.
void multiply(const LmHeadCandidates& op, const CublasProduct& product, void* scratch,
              cudaStream_t stream) {
  ScratchParts parts(scratch);
  void* const workspace = parts.take<std::byte>(kCublasWorkspaceBytes);
  const LogitPieces pieces{product.rows(), [&](const void* x, float* logits) {
                             product.enqueue(x, view_of(op.head).data, logits, workspace, stream);
                           }};
  enqueue(op, pieces, static_cast<std::byte*>(scratch) + parts.bytes(), stream);
}

std::size_t library_bytes(const Linear& op) {
  ScratchParts parts(nullptr);
  scratch_in(parts, op);
  return parts.bytes();
}

std::size_t library_bytes(const LmHeadCandidates& op) {
  const LogitPieces pieces{std::min(op.x.rows, kMaxLogitRows), {}};
  return kCublasWorkspaceBytes + scratch_bytes(op, pieces);
}

/// What a trial multiplies: rows of small numbers, which cost as much as others.
class Trial {
 public:
  Trial(const Alike& group, int rows, DeviceScratch& scratch, cudaStream_t stream)
      : group_(group), stream_(stream) {
    const PackedMatrix& weight = *group.matrices.front();
    const bool is_head = group.kind == ProductKind::kHead;
    x_ = {nullptr, is_head ? DType::kF32 : DType::kBF16, rows, weight.cols()};
    out_ = {nullptr, DType::kF32, rows, weight.rows()};
    ScratchParts counted(nullptr);
    place(counted);
    std::size_t op_bytes = 0;
    with_op(0, [&](const auto& op) {
      op_bytes = std::max(kernels::scratch_bytes(op), library_bytes(op));
    });
    op_scratch_ = scratch.take<std::byte>(op_bytes + kPlaceAlignment + counted.bytes());
    ScratchParts parts(op_scratch_ +
                       (op_bytes + kPlaceAlignment - 1) / kPlaceAlignment * kPlaceAlignment);
    place(parts);
    cuda_check(cudaMemsetAsync(x_.data, 0x3c, x_bytes(), stream), "cudaMemsetAsync");
    cuda_check(cudaMemsetAsync(rules_, 0, sizeof *rules_, stream), "cudaMemsetAsync");
    cuda_check(cudaMemsetAsync(rules_of_row_, 0, std::size_t(rows) * sizeof *rules_of_row_, stream),
               "cudaMemsetAsync");
  }

  [[nodiscard]] double own_micros() const {
    return micros([&](const auto& op) { kernels::enqueue(op, op_scratch_, stream_); });
  }
  [[nodiscard]] double library_micros(const CublasProduct& product) const {
    return micros([&](const auto& op) { multiply(op, product, op_scratch_, stream_); });
  }

 private:
  static constexpr std::size_t kPlaceAlignment = 256;

  [[nodiscard]] std::size_t x_bytes() const {
    return std::size_t(x_.rows) * std::size_t(x_.cols) * size_of(x_.dtype);
  }
  void place(ScratchParts& parts) {
    const auto rows = std::size_t(x_.rows);
    x_.data = parts.take<std::byte>(x_bytes());
    if (group_.kind == ProductKind::kLinear) {
      out_.data = parts.take<float>(rows * std::size_t(out_.cols));
    }
    stats_ = parts.take<CandidateStats>(rows);
    rules_ = parts.take<LogitRules>(1);
    rules_of_row_ = parts.take<std::int32_t>(rows);
  }
  /// call(op) with the operation on the i-th matrix.
  template <typename Call>
  void with_op(int i, const Call& call) const {
    const PackedMatrix& weight = *group_.matrices[std::size_t(i)];
    if (group_.kind == ProductKind::kLinear) {
      call(Linear{.x = x_, .weight = weight, .out = out_});
      return;
    }
    call(LmHeadCandidates{.x = x_,
                          .head = weight,
                          .vocab_shares = ShareOffsets{{0, weight.rows()}, 1},
                          .rules = rules_,
                          .rules_of_row = rules_of_row_,
                          .out = stats_});
  }
  template <typename Enqueue>
  [[nodiscard]] double micros(const Enqueue& enqueue_op) const {
    const int num_calls = std::min(int(group_.matrices.size()), kMatricesInTurn);
    return micros_of(
        num_calls, [&](int i) { with_op(i, enqueue_op); }, stream_);
  }

  const Alike& group_;
  cudaStream_t stream_;
  Tensor x_, out_;
  CandidateStats* stats_ = nullptr;
  LogitRules* rules_ = nullptr;
  std::int32_t* rules_of_row_ = nullptr;
  std::byte* op_scratch_ = nullptr;
};

class CublasProducts final : public LibraryProducts {
 public:
  CublasProducts(FastProducts options, int device)
      : options_(std::move(options)), device_(device) {}

  ProductReport choose(std::span<const MatrixUse> uses, std::span<const int> row_counts,
                       DeviceScratch& scratch, cudaStream_t stream) override;

  [[nodiscard]] bool computes(const Linear& op) const override {
    return view_of(op.weight).dtype == DType::kBF16 && op.out.dtype == DType::kF32 &&
           find(op) != nullptr;
  }
  [[nodiscard]] bool computes(const LmHeadCandidates& op) const override {
    return view_of(op.head).dtype == DType::kBF16 && find(op) != nullptr;
  }
  [[nodiscard]] std::size_t scratch_bytes(const Linear& op) const override {
    return library_bytes(op);
  }
  [[nodiscard]] std::size_t scratch_bytes(const LmHeadCandidates& op) const override {
    return library_bytes(op);
  }
  void enqueue(const Linear& op, void* scratch, cudaStream_t stream) const override {
    multiply(op, *find(op), scratch, stream);
  }
  void enqueue(const LmHeadCandidates& op, void* scratch, cudaStream_t stream) const override {
    multiply(op, *find(op), scratch, stream);
  }

 private:
  [[nodiscard]] const CublasProduct* find(const ProductKey& key) const {
    const auto at = products_.find(key);
    return at == products_.end() ? nullptr : at->second.get();
  }
  [[nodiscard]] const CublasProduct* find(const Linear& op) const {
    return find(key_of(op.weight, ProductKind::kLinear, op.x.rows));
  }
  [[nodiscard]] const CublasProduct* find(const LmHeadCandidates& op) const {
    return find(key_of(op.head, ProductKind::kHead, op.x.rows));
  }
  /// What is known of `key`, if this version can still do it.
  [[nodiscard]] bool take(const ProductKey& key, const ProductChoices& known);
  [[nodiscard]] std::optional<ProductAlgorithm> measure(const ProductKey& key, const Alike& group,
                                                        DeviceScratch& scratch,
                                                        cudaStream_t stream) const;
  void use(const ProductKey& key, const ProductAlgorithm& algorithm);
  [[nodiscard]] ProductReport report(std::size_t num_products, std::size_t num_measured,
                                     const std::string& file, const std::string& problem) const;

  const FastProducts options_;
  const int device_;
  std::unique_ptr<CublasLt> lt_;
  std::map<ProductKey, std::unique_ptr<CublasProduct>> products_;  // those that it computes
};

bool CublasProducts::take(const ProductKey& key, const ProductChoices& known) {
  const auto at = known.find(key);
  if (at == known.end()) return false;
  if (!at->second) return true;
  const CublasProduct product(*lt_, key.features, key.depth, piece_of(key));
  if (!product.can_use(*at->second)) return false;
  use(key, *at->second);
  return true;
}

void CublasProducts::use(const ProductKey& key, const ProductAlgorithm& algorithm) {
  auto product = std::make_unique<CublasProduct>(*lt_, key.features, key.depth, piece_of(key));
  product->use(algorithm);
  products_[key] = std::move(product);
}

std::optional<ProductAlgorithm> CublasProducts::measure(const ProductKey& key, const Alike& group,
                                                        DeviceScratch& scratch,
                                                        cudaStream_t stream) const {
  const Trial trial(group, key.rows, scratch, stream);
  CublasProduct product(*lt_, key.features, key.depth, piece_of(key));
  const std::vector<ProductAlgorithm> candidates = product.candidates(kCandidates);
  if (candidates.empty()) return {};
  std::vector<double> micros;
  for (const ProductAlgorithm& candidate : candidates) {
    product.use(candidate);
    micros.push_back(trial.library_micros(product));
  }
  const std::optional<std::size_t> chosen = choose_product(trial.own_micros(), micros);
  return chosen ? std::optional(candidates[*chosen]) : std::nullopt;
}

ProductReport CublasProducts::choose(std::span<const MatrixUse> uses,
                                     std::span<const int> row_counts, DeviceScratch& scratch,
                                     cudaStream_t stream) {
  products_.clear();
  const std::vector<Alike> groups = alike(uses);
  if (groups.empty()) {
    return {"unmask's own kernels compute all products: cuBLASLt is for weights of bf16", false};
  }
  auto lt = CublasLt::create(options_.library);
  if (!lt) return {"unmask's own kernels compute all products: " + lt.error().message, true};
  lt_ = std::move(*lt);
  const ProductPlace place = place_of(device_, lt_->library().version_code);
  std::filesystem::path file;
  if (!options_.cache_dir.empty()) {
    file = std::filesystem::path(options_.cache_dir) / product_file_name(place);
  }
  ProductChoices known;
  std::string problem;
  if (!file.empty()) {
    if (Result<ProductChoices> loaded = load_choices(file, place)) {
      known = std::move(*loaded);
    } else {
      problem = loaded.error().message;
    }
  }
  std::size_t num_products = 0;
  ProductChoices measured;
  for (const Alike& group : groups) {
    for (const int rows : row_counts) {
      const ProductKey key = key_of(*group.matrices.front(), group.kind, rows);
      ++num_products;
      if (take(key, known)) continue;
      const std::optional<ProductAlgorithm> chosen = measure(key, group, scratch, stream);
      measured[key] = chosen;
      if (chosen) use(key, *chosen);
    }
  }
  if (!measured.empty() && !file.empty()) {
    if (const Result<> stored = store_choices(file, place, measured); !stored) {
      problem = stored.error().message;
    }
  }
  return report(num_products, measured.size(), file.string(), problem);
}

ProductReport CublasProducts::report(std::size_t num_products, std::size_t num_measured,
                                     const std::string& file, const std::string& problem) const {
  std::string sentence = "cuBLASLt " + lt_->library().version + " computes " +
                         std::to_string(products_.size()) + " of " + std::to_string(num_products) +
                         " products (a shape of weights by a number of rows), unmask's own kernels "
                         "the others; ";
  sentence += num_measured == 0 ? "as measured before" : std::to_string(num_measured) + " measured";
  if (!file.empty()) sentence += num_measured == 0 ? ": " + file : " and kept in " + file;
  if (!problem.empty()) sentence += "; " + problem;
  return {sentence, !problem.empty()};
}

}  // namespace

std::unique_ptr<LibraryProducts> make_library_products(FastProducts options, int device) {
  return std::make_unique<CublasProducts>(std::move(options), device);
}

}  // namespace unmask::kernels
