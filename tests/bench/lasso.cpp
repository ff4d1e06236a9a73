// LASSO of all neurons of a layer from all neurons of another: CPU seconds for a path of penalties, and scikit-learn's
// Lasso(precompute) on some of the targets, extrapolated to all.
#include "confer/linalg/lasso.hpp"

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

/// Rectified mixtures of p / 4 factors plus noise, centred and of unit variance: n x p.
Matrix<double> layer(Matrix<double> const& factors, Index p, unsigned seed) {
  std::mt19937 generator(seed);
  std::normal_distribution<double> normal;
  Matrix<double> mixing(factors.cols(), p), x(factors.rows(), p);
  for (Index i = 0; i < mixing.size(); ++i)
    mixing.data()[i] = normal(generator) / std::sqrt(static_cast<double>(factors.cols()));
  gemm(1.0, factors, Op::none, mixing, Op::none, 0.0, x);
  for (Index j = 0; j < p; ++j) {
    double sum = 0, squares = 0;
    for (double& value : x.view().column_span(j)) {
      value = std::max(value, 0.0) + 0.2 * normal(generator);
      sum += value;
      squares += value * value;
    }
    double const mean = sum / static_cast<double>(x.rows());
    double const deviation = std::sqrt(squares / static_cast<double>(x.rows()) - mean * mean);
    for (double& value : x.view().column_span(j)) value = (value - mean) / deviation;
  }
  return x;
}

void write(std::filesystem::path const& file, Matrix<double> const& a) {
  std::ofstream(file, std::ios::binary)
      .write(reinterpret_cast<char const*>(a.data()), static_cast<std::streamsize>(a.size()) * 8);
}

}  // namespace
}  // namespace confer

int main() {
  using namespace confer;
  Index const n = 5000, p = 512, tried = 8;
  std::vector<double> const lambdas = {0.3, 0.1, 0.03, 0.01};
  std::mt19937 generator(1);
  std::normal_distribution<double> normal;
  Matrix<double> factors(n, p / 4);
  for (Index i = 0; i < factors.size(); ++i) factors.data()[i] = normal(generator);
  auto const x = layer(factors, p, 2), y = layer(factors, p, 3);
  Matrix<double> gram(p, p), cross(p, p);
  gemm(1.0 / n, x, Op::transpose, x, Op::none, 0.0, gram);
  gemm(1.0 / n, x, Op::transpose, y, Op::none, 0.0, cross);
  std::vector<double> const squares(static_cast<std::size_t>(p), 1.0);
  LassoStatistics const statistics{gram.view(), cross.view(), squares};

  auto const folder = std::filesystem::temp_directory_path();
  auto const at = [&](char const* name) { return (folder / name).string(); };
  write(at("confer_bench_x.f64"), x);
  write(at("confer_bench_y.f64"), y);
  std::ofstream(at("confer_bench_lasso.py"))
      << "import numpy as n,time\nfrom sklearn.linear_model import Lasso\n"
      << "x=n.fromfile('" << at("confer_bench_x.f64") << "').reshape(" << p << ",-1).T\n"
      << "y=n.fromfile('" << at("confer_bench_y.f64") << "').reshape(" << p << ",-1).T\n"
      << "g=x.T@x\nout=open('" << at("confer_bench_lasso.txt") << "','w')\n"
      << "for a in [0.3,0.1,0.03,0.01]:\n "
         "m=Lasso(alpha=a,precompute=g,fit_intercept=False,tol=1e-6,max_iter=100000)\n"
      << " t=time.process_time();o=0\n for j in range(" << tried << "):\n"
      << "  m.fit(x,y[:,j]);w=m.coef_;o+=0.5*((y[:,j]-x@w)**2).mean()+a*abs(w).sum()\n"
      << " print((time.process_time()-t)/" << tried << ",o,file=out)\n";
  bool const has_reference = std::system(("/usr/bin/python3 " + at("confer_bench_lasso.py")).c_str()) == 0;
  std::ifstream reference(at("confer_bench_lasso.txt"));

  std::vector<std::vector<LassoFit>> fits;
  std::printf("n %d, %d predictors and targets; seconds for all targets, warm from the lambda before\n", int(n),
              int(p));
  std::printf("%8s %10s %10s %12s %14s %8s %12s\n", "lambda", "seconds", "weights", "worst gap", "scikit-learn s",
              "ratio", "objective +");
  double before = 0, total = 0, theirs_total = 0;
  for (std::size_t k = 0; k < lambdas.size(); ++k) {
    double const seconds = bench::seconds_of([&] { fits = lasso_paths(statistics, std::span(lambdas).first(k + 1)); });
    double weights = 0, gap = 0, objective = 0;
    for (std::size_t t = 0; t < fits.size(); ++t) {
      weights += static_cast<double>(fits[t][k].weights.values.size());
      gap = std::max(gap, fits[t][k].gap);
      if (t < static_cast<std::size_t>(tried)) objective += fits[t][k].objective;
    }
    double theirs = std::nan(""), their_objective = std::nan("");
    if (has_reference) reference >> theirs >> their_objective;
    theirs *= static_cast<double>(p);
    theirs_total += theirs;
    total = seconds;
    std::printf("%8.3f %10.3f %10.1f %12.1e %14.2f %8.1f %12.1e\n", lambdas[k], seconds - before,
                weights / static_cast<double>(p), gap, theirs, theirs / (seconds - before),
                objective - their_objective);
    before = seconds;
  }
  std::printf("whole path %.3f s, scikit-learn %.2f s, ratio %.1f\n", total, theirs_total, theirs_total / total);
}
