#include <algorithm>
#include <filesystem>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "kernels/cuda/alike.h"
#include "kernels/cuda/cublas_lt.h"
#include "kernels/cuda/cublas_multiply.h"
#include "kernels/cuda/cublas_trial.h"
#include "kernels/cuda/cuda_experts.h"
#include "kernels/cuda/cuda_matrix.h"
#include "kernels/cuda/library_products.h"
#include "kernels/cuda/product_choice.h"
#include "kernels/cuda/product_file.h"
#include "kernels/gpus.h"

namespace unmask::kernels {
namespace {

constexpr int kCandidates = 8;

/// Rows that a product of the library has at a time.
int piece_of(const ProductKey& key) {
  return key.kind == ProductKind::kHead ? std::min(key.rows, kMaxLogitRows) : key.rows;
}

ProductPlace place_of(int device, int library_version) {
  const Gpus gpus = find_gpus();
  const Gpu& gpu = gpus.all.at(std::size_t(device));
  return {.gpu = gpu.name,
          .capability = gpu.capability,
          .driver_version = gpus.driver_version,
          .library_version = library_version};
}

class ByCublas final : public LibraryProducts {
 public:
  ByCublas(FastProducts options, int device) : options_(std::move(options)), device_(device) {}

  ProductReport choose(std::span<const WeightUse> uses, std::span<const int> row_counts,
                       DeviceScratch& scratch, cudaStream_t stream) override;

  [[nodiscard]] bool computes(const Linear& op) const override {
    return view_of(op.weight).dtype == DType::kBF16 && op.out.dtype == DType::kF32 &&
           find(op) != nullptr;
  }
  [[nodiscard]] bool computes(const LmHeadCandidates& op) const override {
    return view_of(op.head).dtype == DType::kBF16 && find(op) != nullptr;
  }
  /// Rows of kRows are those of an MLP, of which every slice is chosen.
  [[nodiscard]] bool computes(const Experts& op) const override {
    return view_of(op.experts).layout == ExpertLayout::kRows && op.out.dtype == DType::kF32 &&
           find(op) != nullptr;
  }
  [[nodiscard]] std::size_t scratch_bytes(const Linear& op) const override {
    return library_bytes(op);
  }
  [[nodiscard]] std::size_t scratch_bytes(const LmHeadCandidates& op) const override {
    return library_bytes(op);
  }
  [[nodiscard]] std::size_t scratch_bytes(const Experts& op) const override {
    return library_bytes(op);
  }
  void enqueue(const Linear& op, void* scratch, cudaStream_t stream) const override {
    multiply(op, *find(op), scratch, stream);
  }
  void enqueue(const LmHeadCandidates& op, void* scratch, cudaStream_t stream) const override {
    multiply(op, *find(op), scratch, stream);
  }
  void enqueue(const Experts& op, void* scratch, cudaStream_t stream) const override {
    multiply(op, *find(op), scratch, stream);
  }

 private:
  [[nodiscard]] const CublasProductList* find(const ProductKey& key) const {
    const auto at = products_.find(key);
    return at == products_.end() ? nullptr : &at->second;
  }
  [[nodiscard]] const CublasProductList* find(const Linear& op) const {
    return find(key_of(op.weight, ProductKind::kLinear, op.x.rows));
  }
  [[nodiscard]] const CublasProductList* find(const LmHeadCandidates& op) const {
    return find(key_of(op.head, ProductKind::kHead, op.x.rows));
  }
  [[nodiscard]] const CublasProductList* find(const Experts& op) const {
    return find(key_of(op.experts, ProductKind::kGateUp, op.x.rows));
  }
  [[nodiscard]] CublasProductList products_for(const std::vector<ProductKey>& keys) const;
  /// What is known of the products of one operation, if this version can still do it.
  [[nodiscard]] bool take(const std::vector<ProductKey>& keys, const ProductChoices& known);
  /// Takes an operation's products if the library is faster at them; what was chosen of each.
  [[nodiscard]] ProductChoices measure(const Alike& group, int rows, DeviceScratch& scratch,
                                       cudaStream_t stream);
  [[nodiscard]] ProductReport report(std::size_t num_products, std::size_t num_measured,
                                     const std::string& file, const std::string& problem) const;

  const FastProducts options_;
  const int device_;
  std::unique_ptr<CublasLt> lt_;
  std::map<ProductKey, CublasProductList> products_;  // those that it computes, by the first one
};

CublasProductList ByCublas::products_for(const std::vector<ProductKey>& keys) const {
  CublasProductList products;
  for (const ProductKey& key : keys) {
    products.push_back(
        std::make_unique<CublasProduct>(*lt_, key.features, key.depth, piece_of(key)));
  }
  return products;
}

bool ByCublas::take(const std::vector<ProductKey>& keys, const ProductChoices& known) {
  std::vector<std::optional<ProductAlgorithm>> chosen;
  for (const ProductKey& key : keys) {
    const auto at = known.find(key);
    if (at == known.end()) return false;
    chosen.push_back(at->second);
  }
  const auto num_own = std::size_t(
      std::ranges::count_if(chosen, [](const auto& choice) { return !choice.has_value(); }));
  if (num_own > 0) return num_own == chosen.size();
  CublasProductList products = products_for(keys);
  for (std::size_t i = 0; i < products.size(); ++i) {
    if (!products[i]->can_use(*chosen[i])) return false;
    products[i]->use(*chosen[i]);
  }
  products_[keys.front()] = std::move(products);
  return true;
}

ProductChoices ByCublas::measure(const Alike& group, int rows, DeviceScratch& scratch,
                                 cudaStream_t stream) {
  const std::vector<ProductKey> keys = group.keys(rows);
  ProductChoices choices;
  for (const ProductKey& key : keys) choices[key] = {};
  CublasProductList products = products_for(keys);
  std::vector<std::vector<ProductAlgorithm>> candidates;
  for (const auto& product : products) {
    if (candidates.emplace_back(product->candidates(kCandidates)).empty()) return choices;
    product->use(candidates.back().front());
  }
  // Each product's while the others stay, so that what is timed is the operation that is computed.
  const CublasTrial trial(group, rows, scratch, stream);
  std::vector<double> micros;
  for (std::size_t i = 0; i < products.size(); ++i) {
    micros.clear();
    for (const ProductAlgorithm& candidate : candidates[i]) {
      products[i]->use(candidate);
      micros.push_back(trial.library_micros(products));
    }
    const std::optional<std::size_t> fastest = fastest_of(micros);
    if (!fastest) return choices;
    products[i]->use(candidates[i][*fastest]);
  }
  if (!choose_product(trial.own_micros(), micros)) return choices;
  for (std::size_t i = 0; i < keys.size(); ++i) choices[keys[i]] = products[i]->algorithm();
  products_[keys.front()] = std::move(products);
  return choices;
}

ProductReport ByCublas::choose(std::span<const WeightUse> uses, std::span<const int> row_counts,
                               DeviceScratch& scratch, cudaStream_t stream) {
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
      const std::vector<ProductKey> keys = group.keys(rows);
      num_products += keys.size();
      if (!take(keys, known)) measured.merge(measure(group, rows, scratch, stream));
    }
  }
  if (!measured.empty() && !file.empty()) {
    if (const Result<> stored = store_choices(file, place, measured); !stored) {
      problem = stored.error().message;
    }
  }
  return report(num_products, measured.size(), file.string(), problem);
}

ProductReport ByCublas::report(std::size_t num_products, std::size_t num_measured,
                               const std::string& file, const std::string& problem) const {
  std::size_t num_taken = 0;
  for (const auto& [key, products] : products_) num_taken += products.size();
  std::string sentence = "cuBLASLt " + lt_->library().version + " computes " +
                         std::to_string(num_taken) + " of " + std::to_string(num_products) +
                         " products (a shape of weights by a number of rows), unmask's own kernels "
                         "the others; ";
  sentence += num_measured == 0 ? "as measured before" : std::to_string(num_measured) + " measured";
  if (!file.empty()) sentence += num_measured == 0 ? ": " + file : " and kept in " + file;
  if (!problem.empty()) sentence += "; " + problem;
  return {sentence, !problem.empty()};
}

}  // namespace

std::unique_ptr<LibraryProducts> make_library_products(FastProducts options, int device) {
  return std::make_unique<ByCublas>(std::move(options), device);
}

}  // namespace unmask::kernels
