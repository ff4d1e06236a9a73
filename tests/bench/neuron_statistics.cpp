// The statistics pass of `match`: within- and between-network products of two layers against the products alone at the
// rate of the best matrix product. With two arguments of samples and neurons alone.
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>

#include "confer/io/catalog_reader.hpp"
#include "confer/linalg/blas_info.hpp"
#include "confer/linalg/dense.hpp"
#include "run/neuron_side.hpp"
#include "timing.hpp"

namespace confer {
namespace {

/// Floating-point operations a second of the best product of blocks as the pass multiplies.
double best_rate(Index neurons) {
  Index const rows = 2048;
  Matrix<double> x(neurons, rows), y(neurons, rows), product(neurons, neurons);
  for (Index i = 0; i < x.size(); ++i) x.data()[i] = y.data()[i] = 1e-3 * static_cast<double>(i % 97);
  double best = 0;
  for (int round = 0; round < 4; ++round) {
    double const seconds = bench::seconds_of([&] { gemm(1.0, x, Op::none, y, Op::transpose, 1.0, product); });
    auto const p = static_cast<double>(neurons);
    best = std::max(best, 2 * static_cast<double>(rows) * p * p / seconds);
  }
  return best;
}

void measure(Index samples, Index neurons) {
  auto const folder = std::filesystem::temp_directory_path() / "confer_bench_neurons";
  std::filesystem::create_directories(folder);
  std::ofstream(folder / "write.py")
      << "import h5py,numpy as n\nfor s in (0,1):\n"
      << " with h5py.File('" << folder.string() << "/n%d.h5'%s,'w') as f:\n"
      << "  f.attrs.update({'format':'acts/1','network':'n%d'%s,'step':0,'inputs_id':'x','first_sample':0,"
      << "'total_samples':" << samples << ",'layers':['h']})\n"
      << "  f['activations/h']=n.random.default_rng(s).standard_normal((" << samples << "," << neurons
      << ")).astype('f4')\n";
  if (std::system(("/usr/bin/python3 " + (folder / "write.py").string()).c_str()) != 0) return;
  Catalog const catalog = read_catalog({folder.string()});
  auto const representations = select_representations(catalog, Selection{});
  auto const n = static_cast<double>(samples), p = static_cast<double>(neurons);
  double const operations = 4 * n * p * p;  // X'Y, and half of X'X and of Y'Y
  std::vector<double> rates, whole, products, share, share_with_read;
  for (int round = 0; round < 7; ++round) {
    double const before = best_rate(neurons);
    double const begin = bench::cpu_seconds();
    NeuronSide a(catalog, representations[0]), b(catalog, representations[1]);
    double const read = bench::cpu_seconds();
    a.within();
    b.within();
    cross_products(a, b, [] {});
    double const end = bench::cpu_seconds();
    rates.push_back(std::max(before, best_rate(neurons)));  // the processor may change its speed from round to round
    whole.push_back(end - begin);
    products.push_back(end - read);
    share.push_back(100 * operations / rates.back() / products.back());
    share_with_read.push_back(100 * operations / rates.back() / whole.back());
  }
  std::printf("%8d %8d %10.1f %10.3f %10.3f %8.1f %% %8.1f %%\n", static_cast<int>(samples), static_cast<int>(neurons),
              bench::median(rates) / 1e9, bench::median(products), bench::median(whole), bench::median(share),
              bench::median(share_with_read));
  std::filesystem::remove_all(folder);
}

}  // namespace
}  // namespace confer

int main(int argc, char** argv) {
  confer::set_blas_threads(1);
  std::printf("%8s %8s %10s %10s %10s %10s %10s\n", "samples", "neurons", "GF/s", "products", "with read", "of limit",
              "with read");
  if (argc == 3) {
    confer::measure(std::atol(argv[1]), std::atol(argv[2]));
    return 0;
  }
  for (confer::Index const neurons : {256, 512, 1024, 2048}) confer::measure(neurons < 2048 ? 20000 : 10000, neurons);
}
