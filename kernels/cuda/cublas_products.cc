#include <algorithm>
#include <filesystem>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "kernels/cuda/cublas_lt.h"
#include "kernels/cuda/cublas_multiply.h"
#include "kernels/cuda/cublas_trial.h"
#include "kernels/cuda/cuda_matrix.h"
#include "kernels/cuda/library_products.h"
#include "kernels/cuda/packed_shapes.h"
#include "kernels/cuda/product_choice.h"
#include "kernels/cuda/product_file.h"
#include "kernels/gpus.h"
#include "runtime/base/check.h"

namespace unmask::kernels {
namespace {

constexpr int kCandidates = 8;

/// Rows that a product of the library has at a time.
int piece_of(const ProductKey& key) {
  return key.kind == ProductKind::kHead ? std::min(key.rows, kMaxLogitRows) : key.rows;
}

ProductKey key_of(const PackedMatrix& weight, ProductKind kind, int rows) {
  const MatrixView& view = view_of(weight);
  return {.kind = kind, .features = view.rows, .depth = view.stride(), .rows = rows};
}

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
  const CublasTrial trial(group, key.rows, scratch, stream);
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
