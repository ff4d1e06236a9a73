// One-to-one assignment, CPU milliseconds: cold and warm start, and scipy.optimize.linear_sum_assignment on the same
// matrices. Unrelated: correlations of independent neurons; related: of permuted noisy copies; next: the same networks
// a little later, started from the duals of before.
#include "confer/linalg/assignment.hpp"

#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <random>
#include <string>

#include "confer/linalg/dense.hpp"
#include "timing.hpp"

namespace confer {
namespace {

constexpr Index samples = 1000;

Matrix<float> noise(Index p, unsigned seed) {
  std::mt19937 generator(seed);
  std::normal_distribution<float> normal;
  Matrix<float> x(samples, p);
  for (Index i = 0; i < x.size(); ++i) x.data()[i] = normal(generator);
  return x;
}

/// a + scale b.
Matrix<float> mixed(Matrix<float> a, Matrix<float> const& b, float scale) {
  for (Index i = 0; i < a.size(); ++i) a.data()[i] += scale * b.data()[i];
  return a;
}

Matrix<float> correlations(Matrix<float> const& x, Matrix<float> const& y) {
  Matrix<float> c(x.cols(), y.cols());
  gemm(1.0F / static_cast<float>(samples), x.view(), Op::transpose, y.view(), Op::none, 0.0F, c.view());
  return c;
}

/// CPU milliseconds of SciPy for the matrix, NaN without SciPy.
double scipy(Matrix<float> const& scores, double value) {
  auto const folder = std::filesystem::temp_directory_path();
  auto const data = folder / "confer_bench_scores.f32", answer = folder / "confer_bench_scores.txt";
  std::ofstream(data, std::ios::binary)
      .write(reinterpret_cast<char const*>(scores.data()), static_cast<std::streamsize>(scores.size()) * 4);
  std::string const script =
      "import numpy as n,time;from scipy.optimize import linear_sum_assignment as a;"
      "c=n.fromfile('" +
      data.string() + "','f4').reshape(" + std::to_string(scores.cols()) +
      ",-1);"
      "t=[];\nfor _ in range(3):\n b=time.process_time();i,j=a(c,maximize=True);t.append(time.process_time()-b)\n"
      "open('" +
      answer.string() + "','w').write('%r %r'%(1e3*sorted(t)[1],float(c[i,j].astype('f8').sum())))";
  std::ofstream(folder / "confer_bench_scores.py") << script;
  double milliseconds = std::nan(""), other = value;
  if (std::system(("/usr/bin/python3 " + (folder / "confer_bench_scores.py").string()).c_str()) == 0)
    std::ifstream(answer) >> milliseconds >> other;
  if (std::abs(other - value) > 1e-9 * std::abs(value)) std::printf("VALUES DIFFER: %.15g %.15g\n", value, other);
  return milliseconds;
}

void report(char const* name, Matrix<float> const& scores, AssignmentDuals const& start) {
  double value = 0, warm_value = 0;
  auto const result = bench::paired(
      5, [&] { value = maximum_assignment(scores.view()).value; },
      [&] { warm_value = maximum_assignment(scores.view(), start).value; });
  double const theirs = scipy(scores, value);
  std::printf("%5d %-10s %10.2f %10.2f %8.2f %10.2f %8.2f\n", static_cast<int>(scores.rows()), name, 1e3 * result.ours,
              1e3 * result.theirs, 1 / result.ratio, theirs, theirs / (1e3 * result.ours));
  if (std::abs(value - warm_value) > 1e-12 * std::abs(value)) std::printf("WARM START CHANGED THE VALUE\n");
}

}  // namespace
}  // namespace confer

int main() {
  using namespace confer;
  std::printf("%5s %-10s %10s %10s %8s %10s %8s\n", "p", "networks", "cold ms", "warm ms", "gain", "SciPy ms", "ratio");
  for (Index p : {256, 512, 1024, 2048, 4096}) {
    auto const x = noise(p, 1), y = noise(p, 2), other = noise(p, 3);
    auto const unrelated = correlations(x, y);
    auto const related = correlations(x, mixed(y, x, 0.7F));
    auto const next = correlations(mixed(x, other, 0.1F), mixed(y, noise(p, 4), 0.1F));
    auto const before = maximum_assignment(unrelated.view()).duals;
    report("unrelated", unrelated, before);
    report("related", related, maximum_assignment(related.view()).duals);
    report("next", next, before);
  }
}
