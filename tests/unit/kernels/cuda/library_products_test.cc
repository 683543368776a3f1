/// Products by the emulated cuBLASLt, beside those of unmask's own kernels.

#include "kernels/cuda/library_products.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "emulation/counters.h"
#include "kernels/cuda/working_memory.h"
#include "kernels/make_backend.h"
#include "tests/unit/kernels/device.h"

namespace unmask::kernels {
namespace {

using emulation::counters;
using testing::HasSubstr;
using testing::Not;

ShareOffsets one_share(int n) { return ShareOffsets{{0, n}, 1}; }

std::unique_ptr<Backend> open(const FastProducts& products) {
  return *make_backend({.kind = DeviceKind::kCuda, .fast_products = products});
}

/// A setting of the emulated library, while it lives.
class Setting {
 public:
  Setting(const char* name, const char* value) : name_(name) { setenv(name, value, 1); }
  ~Setting() { unsetenv(name_); }
  Setting(const Setting&) = delete;
  Setting& operator=(const Setting&) = delete;

 private:
  const char* name_;
};

/// Half a bf16's last place of products of this depth, and what sums may lose.
double tolerance(int depth) { return 4e-6 * depth + 1e-5; }

class LibraryProductsTest : public testing::Test {
 public:
  LibraryProductsTest() { std::filesystem::remove_all(folder_); }
  ~LibraryProductsTest() override { std::filesystem::remove_all(folder_); }

 protected:
  std::unique_ptr<PackedMatrix> pack(Backend& backend, const Matrix& weight) const {
    return backend.pack_matrix({{weight.host()}}, DType::kBF16, one_share(weight.cols));
  }
  static ProductReport choose(Backend& backend, const PackedMatrix& matrix,
                              const std::vector<int>& row_counts, bool is_head = false) {
    const WeightUse use{.matrix = &matrix, .is_head = is_head};
    return backend.choose_products({&use, 1}, row_counts);
  }
  static Matrix run(Backend& backend, const Matrix& x, DType x_dtype, const PackedMatrix& weight) {
    const DeviceMatrix in(backend, x, x_dtype), out(backend, x.rows, weight.rows());
    backend.run(Linear{.x = in.view(), .weight = weight, .out = out.view()});
    return out.read();
  }

  /// The only one that was kept.
  [[nodiscard]] std::filesystem::path file() const {
    return *std::filesystem::directory_iterator(folder_);
  }
  static std::string text_of(const std::filesystem::path& file) {
    std::ostringstream text;
    text << std::ifstream(file).rdbuf();
    return text.str();
  }

  const std::filesystem::path folder_ =
      std::filesystem::path(testing::TempDir()) /
      testing::UnitTest::GetInstance()->current_test_info()->name();
  const FastProducts kept_{.library = UNMASK_EMULATED_CUBLAS_LT, .cache_dir = folder_.string()};
  const FastProducts not_kept_{.library = UNMASK_EMULATED_CUBLAS_LT};
};

TEST_F(LibraryProductsTest, AgreeWithOwnKernels) {
  const auto exact = *make_backend({.kind = DeviceKind::kCuda});
  for (const int features : {1, 7, 48, 130}) {
    for (const int depth : {3, 64, 100, 257}) {
      const Matrix weight = random_matrix(features, depth, 1, 0.3f);
      const auto fast = open(not_kept_);
      const auto fast_weight = pack(*fast, weight), exact_weight = pack(*exact, weight);
      const ProductReport report = choose(*fast, *fast_weight, {1, 16, 33});
      EXPECT_THAT(report.sentence, HasSubstr("computes 3 of 3 products"));
      EXPECT_FALSE(report.is_warning);
      for (const int rows : {1, 16, 33}) {
        for (const DType dtype : {DType::kF32, DType::kBF16}) {
          const Matrix x = random_matrix(rows, depth, 2);
          const auto before = counters().products;
          const Matrix product = run(*fast, x, dtype, *fast_weight);
          EXPECT_EQ(counters().products, before + 1);
          const Matrix expected = run(*exact, x, dtype, *exact_weight);
          EXPECT_TRUE(
              is_near(product, {expected.values.begin(), expected.values.end()}, tolerance(depth)))
              << rows << " x " << depth << " x " << features;
        }
      }
    }
  }
}

TEST_F(LibraryProductsTest, OtherNumbersOfRowsAndWeightsOfF32StayWithOwnKernels) {
  const auto fast = open(not_kept_), exact = *make_backend({.kind = DeviceKind::kCuda});
  const Matrix weight = random_matrix(40, 64, 1);
  const auto fast_weight = pack(*fast, weight), exact_weight = pack(*exact, weight);
  choose(*fast, *fast_weight, {16, 32});
  const auto before = counters().products;
  for (const int rows : {1, 17, 64}) {
    const Matrix x = random_matrix(rows, 64, 2);
    EXPECT_TRUE(same_bytes(run(*fast, x, DType::kBF16, *fast_weight),
                           run(*exact, x, DType::kBF16, *exact_weight)));
  }
  EXPECT_EQ(counters().products, before);
  const auto f32 = fast->pack_matrix({{weight.host()}}, DType::kF32, one_share(64));
  const ProductReport report = choose(*fast, *f32, {16});
  EXPECT_THAT(report.sentence, HasSubstr("cuBLASLt is for weights of bf16"));
  EXPECT_FALSE(report.is_warning);
  run(*fast, random_matrix(16, 64, 2), DType::kF32, *f32);
  EXPECT_EQ(counters().products, before);
}

TEST_F(LibraryProductsTest, WhatIsSlowerThanOwnKernelsIsNotUsed) {
  const Setting slow("UNMASK_EMULATED_CUBLASLT_MICROS", "1000");
  const auto fast = open(not_kept_);
  const auto weight = pack(*fast, random_matrix(40, 64, 1));
  EXPECT_THAT(choose(*fast, *weight, {16, 32}).sentence, HasSubstr("computes 0 of 2 products"));
  const auto before = counters().products;
  run(*fast, random_matrix(16, 64, 2), DType::kBF16, *weight);
  EXPECT_EQ(counters().products, before);
}

TEST_F(LibraryProductsTest, TheFasterOfItsAlgorithmsIsUsed) {
  const auto fast = open(kept_);
  const auto weight = pack(*fast, random_matrix(40, 64, 1));
  choose(*fast, *weight, {16});
  // What the emulated library calls an algorithm begins with two words that all share; the third
  // is 0 for the faster one, which it does not name first.
  const std::string text = text_of(file());
  std::istringstream words(text.substr(text.find("linear 40 64 16 ")));
  std::string word;
  for (int i = 0; i < 7; ++i) words >> word;
  EXPECT_EQ(word, "0") << text;
}

TEST_F(LibraryProductsTest, ASecondStartMeasuresNothing) {
  const Matrix weight = random_matrix(40, 64, 1), x = random_matrix(16, 64, 2);
  const auto first = open(kept_), second = open(kept_);
  const auto first_weight = pack(*first, weight), second_weight = pack(*second, weight);
  EXPECT_THAT(choose(*first, *first_weight, {16, 32}).sentence,
              HasSubstr("2 measured and kept in " + folder_.string()));
  const auto before = counters();
  EXPECT_THAT(choose(*second, *second_weight, {16, 32}).sentence,
              HasSubstr("as measured before: " + folder_.string()));
  EXPECT_EQ(counters().launches, before.launches);
  EXPECT_EQ(counters().products, before.products);
  EXPECT_TRUE(same_bytes(run(*first, x, DType::kBF16, *first_weight),
                         run(*second, x, DType::kBF16, *second_weight)));
  EXPECT_EQ(counters().products, before.products + 2);
  EXPECT_THAT(choose(*second, *second_weight, {16, 64}).sentence, HasSubstr("1 measured"));
}

TEST_F(LibraryProductsTest, ADamagedFileIsNamedAndMeasuredAgain) {
  const auto fast = open(kept_);
  const auto weight = pack(*fast, random_matrix(40, 64, 1));
  choose(*fast, *weight, {16});
  std::ofstream(file()) << "nonsense";
  const ProductReport report = choose(*fast, *weight, {16});
  EXPECT_TRUE(report.is_warning);
  EXPECT_THAT(report.sentence, testing::AllOf(HasSubstr("1 measured"), HasSubstr("is not used")));
  EXPECT_FALSE(choose(*fast, *weight, {16}).is_warning) << "it was written anew";
}

TEST_F(LibraryProductsTest, AnAlgorithmThatTheLibraryNoLongerHasIsMeasuredAgain) {
  const auto fast = open(kept_);
  const auto weight = pack(*fast, random_matrix(40, 64, 1));
  choose(*fast, *weight, {16});
  std::string text = text_of(file());
  const std::size_t at = text.find(" 64 16 ") + 7;
  text[at] = text[at] == '1' ? '2' : '1';  // of what it calls the algorithm
  std::ofstream(file()) << text;
  EXPECT_THAT(choose(*fast, *weight, {16}).sentence, HasSubstr("computes 1 of 1 products"));
  EXPECT_THAT(choose(*fast, *weight, {16}).sentence, HasSubstr("as measured before"));
}

TEST_F(LibraryProductsTest, WithoutALibraryOwnKernelsComputeAndItIsSaid) {
  const auto missing = open({.library = "/no/such/library"});
  const auto weight = pack(*missing, random_matrix(40, 64, 1));
  const ProductReport report = choose(*missing, *weight, {16});
  EXPECT_TRUE(report.is_warning);
  EXPECT_THAT(report.sentence, testing::AllOf(HasSubstr("unmask's own kernels compute all"),
                                              HasSubstr("/no/such/library")));
  run(*missing, random_matrix(16, 64, 2), DType::kBF16, *weight);

  const Setting fails("UNMASK_EMULATED_CUBLASLT_FAILS", "1");
  const auto broken = open(not_kept_);
  const auto other = pack(*broken, random_matrix(40, 64, 1));
  EXPECT_THAT(choose(*broken, *other, {16}).sentence,
              testing::AllOf(HasSubstr("does not work here"), HasSubstr("not initialized")));
}

TEST_F(LibraryProductsTest, RowsThatAreThereComeOutAlikeWhateverIsBehindThem) {
  const auto fast = open(not_kept_);
  const auto weight = pack(*fast, random_matrix(40, 64, 1));
  choose(*fast, *weight, {32});
  Matrix x = random_matrix(32, 64, 2);
  const Matrix all = run(*fast, x, DType::kBF16, *weight);
  for (int row = 20; row < 32; ++row) {
    for (int col = 0; col < 64; ++col) x.at(row, col) = std::nanf("");
  }
  const Array<std::int32_t> live(*fast, std::vector<std::int32_t>{20});
  const DeviceMatrix in(*fast, x, DType::kBF16), out(*fast, 32, 40);
  Tensor view = in.view(), to = out.view();
  view.live_rows = to.live_rows = live.data();
  fast->run(Linear{.x = view, .weight = *weight, .out = to});
  EXPECT_TRUE(same_bytes(out.read().first_rows(20), all.first_rows(20)));
}

TEST_F(LibraryProductsTest, AreRecordedAndReplayed) {
  const auto fast = open(not_kept_);
  const auto weight = pack(*fast, random_matrix(40, 64, 1));
  choose(*fast, *weight, {16});
  const Matrix x = random_matrix(16, 64, 2);
  const Matrix expected = run(*fast, x, DType::kBF16, *weight);
  const DeviceMatrix in(*fast, x, DType::kBF16), out(*fast, 16, 40);
  const auto recording = fast->record([&]() -> Result<> {
    fast->run(Linear{.x = in.view(), .weight = *weight, .out = out.view()});
    return {};
  });
  ASSERT_TRUE(recording);
  const auto before = counters().products;
  fast->replay(**recording);
  fast->replay(**recording);
  EXPECT_TRUE(same_bytes(out.read(), expected));
  EXPECT_EQ(counters().products, before + 2);
}

/// An MLP in kNumShares slices, of which a worker may hold some.
struct Mlp {
  std::vector<Matrix> gate, up, down;

  Mlp(int hidden, int width) {
    for (unsigned i = 0; i < kNumShares; ++i) {
      gate.push_back(random_matrix(width, hidden, 100 + i, 0.3f));
      up.push_back(random_matrix(width, hidden, 200 + i, 0.3f));
      down.push_back(random_matrix(hidden, width, 300 + i, 0.3f));
    }
  }
  [[nodiscard]] std::unique_ptr<PackedExperts> pack(Backend& backend, int first = 0,
                                                    int num_ranks = 1,
                                                    DType dtype = DType::kBF16) const {
    const ShareOffsets shares = local_shares(kNumShares, 0, num_ranks);
    std::vector<ExpertMatrices> held;
    for (int i = first; i < first + int(shares.num_items()); ++i) {
      const auto at = std::size_t(i);
      held.push_back({gate[at].host(), up[at].host(), down[at].host()});
    }
    return backend.pack_mlp(held, dtype, shares);
  }
};

ProductReport choose_mlp(Backend& backend, const PackedExperts& mlp,
                         const std::vector<int>& row_counts) {
  const WeightUse use{.mlp = &mlp};
  return backend.choose_products({&use, 1}, row_counts);
}

Matrix run_mlp(Backend& backend, const Matrix& x, const PackedExperts& mlp, int first = 0,
               int live = -1) {
  std::vector<std::int32_t> slices;
  for (int i = 0; i < x.rows * kNumShares; ++i) slices.push_back(i % kNumShares);
  const Array<std::int32_t> ids(backend, slices), count(backend, std::vector<std::int32_t>{live});
  const Array<float> weights(backend, std::vector<float>(slices.size(), 1.0f));
  const DeviceMatrix in(backend, x), out(backend, x.rows, x.cols);
  Tensor view = in.view(), to = out.view();
  if (live >= 0) view.live_rows = to.live_rows = count.data();
  backend.run(Experts{.x = view,
                      .experts = mlp,
                      .first_expert = first,
                      .top_k = kNumShares,
                      .expert_ids = ids.data(),
                      .expert_weights = weights.data(),
                      .out = to});
  return out.read();
}

TEST_F(LibraryProductsTest, AnMlpIsTwoProductsThatAgreeWithOwnKernels) {
  const auto exact = *make_backend({.kind = DeviceKind::kCuda});
  for (const auto& [hidden, width] : {std::pair{96, 7}, {50, 100}}) {
    const Mlp mlp(hidden, width);
    for (const int num_ranks : {1, 4}) {
      const int first = num_ranks == 1 ? 0 : 2;  // of a worker in the middle
      const auto fast = open(not_kept_);
      const auto fast_mlp = mlp.pack(*fast, first, num_ranks);
      const auto exact_mlp = mlp.pack(*exact, first, num_ranks);
      EXPECT_EQ(fast_mlp->bytes(), exact_mlp->bytes());
      EXPECT_THAT(choose_mlp(*fast, *fast_mlp, {1, 33}).sentence,
                  HasSubstr("computes 4 of 4 products"));
      for (const int rows : {1, 33}) {
        const Matrix x = random_matrix(rows, hidden, 2);
        const auto before = counters().products;
        const Matrix out = run_mlp(*fast, x, *fast_mlp, first);
        EXPECT_EQ(counters().products, before + 2);
        const Matrix expected = run_mlp(*exact, x, *exact_mlp, first);
        // An activation on the border may round the other way.
        EXPECT_TRUE(is_near(out, {expected.values.begin(), expected.values.end()}, 5e-2))
            << hidden << ", " << width << ", " << rows << " rows, " << num_ranks << " workers";
      }
    }
  }
}

TEST_F(LibraryProductsTest, OwnKernelsReadAnMlpThatIsPackedForTheLibraryToTheSameBytes) {
  // An emulated kernel takes what its threads take here.
  const Setting slow("UNMASK_EMULATED_CUBLASLT_MICROS", "1000000");
  const auto fast = open(not_kept_), exact = *make_backend({.kind = DeviceKind::kCuda});
  for (const auto& [hidden, width] : {std::pair{96, 7}, {130, 20}}) {
    const Mlp mlp(hidden, width);
    const auto fast_mlp = mlp.pack(*fast), exact_mlp = mlp.pack(*exact);
    EXPECT_THAT(choose_mlp(*fast, *fast_mlp, {16, 130}).sentence,
                HasSubstr("computes 0 of 4 products"));
    const auto before = counters().products;
    for (const int rows : {1, 16, 130}) {
      const Matrix x = random_matrix(rows, hidden, 2);
      EXPECT_TRUE(same_bytes(run_mlp(*fast, x, *fast_mlp), run_mlp(*exact, x, *exact_mlp)))
          << hidden << ", " << width << ", " << rows << " rows";
    }
    EXPECT_EQ(counters().products, before);
  }
}

TEST_F(LibraryProductsTest, RowsOfAnMlpComeOutAlikeWhateverIsBehindThem) {
  const Mlp mlp(40, 20);
  const auto fast = open(not_kept_);
  const auto packed = mlp.pack(*fast);
  choose_mlp(*fast, *packed, {32});
  Matrix x = random_matrix(32, 40, 2);
  const Matrix all = run_mlp(*fast, x, *packed);
  for (int row = 20; row < 32; ++row) {
    for (int col = 0; col < 40; ++col) x.at(row, col) = std::nanf("");
  }
  const Matrix some = run_mlp(*fast, x, *packed, 0, 20);
  EXPECT_TRUE(same_bytes(some.first_rows(20), all.first_rows(20)));
}

TEST_F(LibraryProductsTest, ASecondStartKnowsBothProductsOfAnMlpOrMeasuresThem) {
  const Mlp mlp(40, 20);
  const auto first = open(kept_), second = open(kept_);
  const auto first_mlp = mlp.pack(*first), second_mlp = mlp.pack(*second);
  EXPECT_THAT(choose_mlp(*first, *first_mlp, {16}).sentence, HasSubstr("2 measured and kept"));
  const std::string text = text_of(file());
  EXPECT_THAT(text,
              testing::AllOf(HasSubstr("\ngate_up 1024 64 16 "), HasSubstr("\ndown 40 512 16 ")));
  const auto before = counters();
  EXPECT_THAT(choose_mlp(*second, *second_mlp, {16}).sentence,
              testing::AllOf(HasSubstr("computes 2 of 2"), HasSubstr("as measured before")));
  EXPECT_EQ(counters().products, before.products);

  const std::size_t at = text.find("\ndown ") + 1;
  std::ofstream(file()) << text.substr(0, at) << text.substr(text.find('\n', at) + 1);
  EXPECT_THAT(choose_mlp(*second, *second_mlp, {16}).sentence, HasSubstr("2 measured"));
}

TEST_F(LibraryProductsTest, AnMlpOfF32StaysWithOwnKernels) {
  const auto fast = open(not_kept_);
  const auto packed = Mlp(40, 20).pack(*fast, 0, 1, DType::kF32);
  EXPECT_THAT(choose_mlp(*fast, *packed, {16}).sentence, HasSubstr("is for weights of bf16"));
  const auto before = counters().products;
  run_mlp(*fast, random_matrix(16, 40, 2), *packed);
  EXPECT_EQ(counters().products, before);
}

/// What LmHeadCandidates finds, with everything that can be wanted of it.
struct Found {
  std::vector<CandidateStats> stats;
  std::vector<float> present, listed;
};

Found find(Backend& backend, const PackedMatrix& head, const Matrix& x, int live) {
  const auto rows = std::size_t(x.rows);
  const std::vector<std::int32_t> never{5, 40};
  const Array<std::int32_t> ids(backend, never);
  const LogitRules one{.never_chosen = ids.data(),
                       .num_never_chosen = 2,
                       .not_in_confidence = ids.data(),
                       .num_not_in_confidence = 2,
                       .choosable_end = 290};
  const Array<LogitRules> rules(backend, std::vector<LogitRules>{one});
  std::vector<std::int32_t> present, offsets{0}, listed;
  for (int i = 0; i < x.rows; ++i) {
    present.push_back(100 + i % 250);
    listed.push_back(i % head.rows());
    offsets.push_back(int(listed.size()));
  }
  const Array<std::int32_t> wanted(backend, present), starts(backend, offsets),
      tokens(backend, listed), rules_of_row(backend, std::vector<std::int32_t>(rows, 0)),
      count(backend, std::vector<std::int32_t>{live});
  const Array<CandidateStats> out(backend, std::vector<CandidateStats>(rows));
  const Array<float> present_logits(backend, std::vector<float>(rows, 7)),
      listed_logits(backend, std::vector<float>(rows, 7));
  const DeviceMatrix in(backend, x);
  Tensor view = in.view();
  view.live_rows = count.data();
  backend.run(LmHeadCandidates{.x = view,
                               .head = head,
                               .vocab_shares = one_share(head.rows()),
                               .first_token = 10,
                               .rules = rules.data(),
                               .rules_of_row = rules_of_row.data(),
                               .present = wanted.data(),
                               .present_logits = present_logits.data(),
                               .listed_offsets = starts.data(),
                               .listed_tokens = tokens.data(),
                               .listed_logits = listed_logits.data(),
                               .out = out.data()});
  return {out.read(), present_logits.read(), listed_logits.read()};
}

/// Equal where that is decided, near where sums are.
void expect_alike(const Found& a, const Found& b, int rows) {
  const auto near = [](float x, float y) { return x == y || std::abs(x - y) <= 2e-3f; };
  for (std::size_t i = 0; i < std::size_t(rows); ++i) {
    const CandidateStats &x = a.stats[i], &y = b.stats[i];
    EXPECT_EQ(x.token, y.token) << "row " << i;
    EXPECT_TRUE(near(x.logit, y.logit) && near(x.max, y.max)) << "row " << i;
    EXPECT_TRUE(near(std::log(x.sum_exp), std::log(y.sum_exp))) << "row " << i;
    EXPECT_TRUE(near(a.present[i], b.present[i])) << a.present[i] << " and " << b.present[i];
    EXPECT_TRUE(near(a.listed[i], b.listed[i])) << a.listed[i] << " and " << b.listed[i];
  }
}

TEST_F(LibraryProductsTest, TheHeadFindsWhatOwnKernelsFind) {
  constexpr int kHidden = 40, kIds = 300;
  const Matrix weight = random_matrix(kIds, kHidden, 1, 0.5f);
  const auto exact = *make_backend({.kind = DeviceKind::kCuda}), fast = open(not_kept_);
  const auto exact_head = pack(*exact, weight), fast_head = pack(*fast, weight);
  // Pieces of one length: less than one, one, and some that the last one overlaps.
  const std::vector<int> row_counts{16, kMaxLogitRows, kMaxLogitRows + 44};
  EXPECT_THAT(choose(*fast, *fast_head, row_counts, true).sentence,
              HasSubstr("computes 3 of 3 products"));
  for (const int rows : row_counts) {
    const Matrix x = random_matrix(rows, kHidden, 2);
    for (const int live : {rows, rows - 3, 1}) {
      const auto before = counters().products;
      const Found found = find(*fast, *fast_head, x, live);
      EXPECT_EQ(counters().products, before + std::uint64_t(rows > kMaxLogitRows ? 2 : 1));
      expect_alike(found, find(*exact, *exact_head, x, live), live);
      for (std::size_t i = std::size_t(live); i < std::size_t(rows); ++i) {
        EXPECT_EQ(found.present[i], 7) << "row " << i << " is not there";
      }
    }
  }
}

}  // namespace
}  // namespace unmask::kernels
