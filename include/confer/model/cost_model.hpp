/// What a comparison costs, before it starts: arithmetic, bytes, messages, memory and time from the sizes of the job
/// and the rates of the machine. Pure arithmetic: any number of ranks can be planned anywhere.
#pragma once

#include <span>
#include <string>
#include <utility>
#include <vector>

#include "confer/core/types.hpp"
#include "confer/model/config.hpp"
#include "confer/model/pair_memory.hpp"

namespace confer {

/// Seconds of one call as a function of a size, known at some sizes. Between them a power law through the neighbours;
/// beyond the largest the cube; below the smallest as at the smallest.
class SizeCurve {
 public:
  SizeCurve() = default;
  /// Pairs (size, seconds), sizes positive and ascending.
  explicit SizeCurve(std::vector<std::pair<double, double>> points) : points_(std::move(points)) {}
  /// 0 when nothing is known.
  double at(double size) const;

 private:
  std::vector<std::pair<double, double>> points_;
};

/// Rates of one rank (with its BLAS threads), and of what the ranks of a node share.
struct MachineRates {
  double sgemm = 1e11;  ///< flop/s, product of two panels in single precision
  double dgemm = 4e10;  ///< the same in double precision
  double short_products = 1.4e11;  ///< flop/s, inner products of samples in 16 bits
  double eigh = 2e-10;  ///< seconds per p^3 of a symmetric p x p eigen-decomposition
  SizeCurve spectra{{{50, 2.1e-5}, {100, 1.04e-4}, {200, 1e-3}}};  ///< singular values of a k x k block
  SizeCurve weights{{{50, 3e-4}, {100, 1.5e-3}, {200, 8e-3}}};     ///< canonical directions of a k x k block
  SizeCurve scores{{{50, 2e-5}, {100, 8e-5}}};                     ///< the chosen measures from a pair's spectra
  SizeCurve matching{{{50, 2e-5}, {200, 5e-4}, {500, 5e-3}}};  ///< one-to-one matching of p neurons with p
  double neighbour_sample = 2e-7;  ///< seconds per pair and sample: the chosen measures of lists of neighbours
  double kernel_element = 1.5e-9;  ///< seconds to turn one inner product of samples into a kernel's element
  SizeCurve reweight{{{50, 1.5e-3}, {200, 4e-2}}};  ///< the factor of k directions with other weights on its rows
  SizeCurve held_out{{{50, 1e-3}, {200, 3e-2}}};    ///< the chosen measures of a fold of a pair of k directions
  double chance = 2e-7;           ///< seconds per pair on rank 0: the chance levels of the chosen measures
  double memory_bandwidth = 5e9;  ///< bytes/s copied by one rank
  double decode = 1e9;            ///< stored bytes/s that one rank turns into numbers, from memory
  double read_bandwidth = 2e9;    ///< bytes/s from disk, shared by the ranks of a node
  double network = 12.5e9;        ///< bytes/s of a node
  double latency = 2e-6;          ///< seconds of a message
  double base_memory = 6e7;       ///< bytes of a rank that does nothing
};

/// One representation as the cost model sees it.
struct RepresentationSize {
  Index group = 0;        ///< different groups are never compared; negative: takes no part in pairs
  Index rows = 0;         ///< n
  Index features = 0;     ///< p
  Index kept = 0;         ///< directions k whose basis is stored
  Index components = 0;   ///< leading ones that SVCCA keeps
  Index levels = 2;       ///< Gram passes its factor takes
  double file_bytes = 0;  ///< read for one pass over it
  Index rows_per_sample = 1;
  Index window_value_bytes = 4;  ///< of a value that is held in a window of features
  double values_per_sample = 0;  ///< as stored; 0: those of the rows of a sample
  bool chunked = false;
};

/// What measures of factors ask of every pair.
struct PairWork {
  bool product = true;     ///< M = Ux'Uy
  bool canonical = false;  ///< singular values of M
  bool truncated = false;  ///< of its leading components
  bool nuclear = false;    ///< of Sx M Sy
  bool weights = false;    ///< canonical directions and their products with the loadings
  bool coefficients = false;
  Index measures = 1;

  bool any() const { return measures > 0 || coefficients; }
};

/// What measures of samples and of neurons ask of a job; nothing by default.
struct SampleWork {
  bool neurons = false;        ///< standardised neurons of all representations, and their correlations
  bool matched = false;        ///< matched one to one
  Index forms = 0;             ///< forms of rows that are prepared
  Index kept_forms = 0;        ///< of which the rows themselves are read later
  Index medians = 0;           ///< forms whose median distance is taken
  bool ranked = false;         ///< all distances of one form are put in order
  bool centred_order = false;  ///< ranks or neighbours are those of the centred rows
  Index neighbours = 0;        ///< nearest ones that are listed, of every sample; 0: none
  Index further = 0;           ///< listed beyond these, should some of the samples be left out
  Index neighbour_bytes = 12;  ///< of one in a list
  Index kernels = 0;           ///< over all pairs of samples
  Index batch = 0;             ///< samples of each batch of a kernel in batches; 0: none
  Index folds = 0;             ///< of held-out samples; 0: none
  bool any() const { return neurons || forms > 0; }
};

/// Matrices of all representations against all that the first rank has to do with, in numbers of 8 bytes.
struct PairMatrices {
  Index held = 1;         ///< at once: values, and what does not follow from them
  Index written = 2;      ///< to the results: chance levels and reasons included
  Index drawn = 0;        ///< held besides while samples are drawn
  Index checkpoints = 0;  ///< a summary is written of; 0: none
  Index summaries = 0;    ///< its matrices, checkpoints against checkpoints
};

/// Samples drawn again and again, and measures computed from each draw.
struct DrawWork {
  std::string name;         ///< of the phase
  bool weighted = false;    ///< rows count several times or not at all, factored anew; otherwise in another order
  Index count = 0;          ///< of draws; 0: none
  Index found = 0;          ///< that earlier runs have made
  bool factors = true;      ///< measures of factors are computed
  bool kernels = false;     ///< those of kernels: each draw leaves out one of `count` blocks of samples
  bool neighbours = false;  ///< those of neighbours, the same
  Index measures = 1;       ///< in all
};

struct JobSize {
  std::vector<RepresentationSize> representations;
  double pairs = 0;  ///< unordered pairs that are computed; at most those within groups
  PairWork work;
  SampleWork samples;
  PairMatrices matrices;
  std::vector<DrawWork> draws;
  bool exact = false;  ///< bases in double precision
  Index ranks = 1, nodes = 1;
  bool store_in_memory = true;  ///< of the node; otherwise on disk
  SvdRoute svd = SvdRoute::automatic;
  double memory_per_rank = 0;   ///< bytes a rank may use; 0: no limit
  double header_bytes = 0;      ///< catalog as sent to every rank
  Index files = 0;
  double share_of_factors = 1;  ///< still to be computed
  double share_of_pairs = 1;
};

/// One phase of the job, named as in the results.
struct PhaseCost {
  std::string name;
  double flops = 0;          ///< over all ranks
  double bytes_read = 0;     ///< from the input files, over all ranks
  double words_sent = 0;     ///< 8-byte words, each rank, on average
  double memory = 0;         ///< bytes in use by the largest rank
  double seconds = 0;        ///< predicted
  double limit_seconds = 0;  ///< what the limiting resource alone would take, perfectly shared
  std::string limit;         ///< that resource
};

struct CostEstimate {
  /// "read headers", "factor", "neurons" and "rows" if there are any, "pairs", draws, "write".
  std::vector<PhaseCost> phases;
  double seconds = 0;
  double memory_per_rank = 0;    ///< bytes, any rank but the first
  double memory_first_rank = 0;  ///< the first, which gathers the results
  double store_per_node = 0;     ///< bytes of all factors
  double results_bytes = 0;
  double tiles = 0;
  double tiles_per_rank = 0;
  double balance = 1;       ///< mean load over largest load in the pair stage
  double largest_tile = 0;  ///< seconds
};

CostEstimate estimate_cost(JobSize const& job, MachineRates const& rates);

/// Bytes of the matrices that the first rank holds, the rows that it is writing included.
double matrices_bytes(JobSize const& job);

/// `count` work items of equal cost.
struct WorkItems {
  double seconds = 0;
  double count = 0;
};

/// Seconds until all items are done when each free worker takes the biggest one left.
double hand_out_seconds(std::vector<WorkItems> items, Index workers);

/// Ranks that compute: above 32 the first only hands out work.
Index computing_ranks(Index ranks);

/// JSON text of an estimate, for scripts.
std::string to_json(CostEstimate const& estimate, JobSize const& job);

}  // namespace confer
