/// One job, as asked for on the command line or in a job file. A plain value with the defaults of --help.
#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "confer/core/types.hpp"

namespace confer {

/// How the positions of a convolutional map become a matrix: averaged away, as further rows, or as further columns.
enum class ConvRule { mean, positions, flatten };

/// How the time steps of a sequence become a matrix: as further rows, only the last, averaged, or as further columns.
enum class SequenceRule { positions, last, mean, flatten };

/// Which pairs of representations are compared.
struct PairSelection {
  enum class Kind { all, cross_network, same_layer, to } kind = Kind::all;
  std::string glob;  ///< for Kind::to: pattern of the labels in the columns
};

enum class SvdRoute { automatic, local, scalapack };
enum class ProgressMode { automatic, always, never };

/// Which checkpoints, layers and samples of the data are used.
struct Selection {
  std::vector<std::string> data;  ///< files, directories, globs
  std::string networks = "*";
  std::string layers = "*";
  std::string steps = "all";  ///< "all", "last", or a list "0,100,2000" with ranges "0:500"
  std::optional<Index> sample_begin, sample_end;
  ConvRule conv = ConvRule::mean;
  SequenceRule sequence = SequenceRule::positions;
};

/// How the program runs, apart from what it computes.
struct RunOptions {
  std::string output;
  std::optional<double> memory_per_rank;  ///< bytes
  std::string scratch;                    ///< directory of the basis store; empty: memory of the node
  bool fresh = false;                     ///< ignore unfinished earlier work
  int threads = 1;                        ///< BLAS threads per rank
  bool strict = false;                    ///< any refusal stops the job before it computes
  ProgressMode progress = ProgressMode::automatic;
  bool quiet = false;
  bool verbose = false;
  bool json = false;  ///< `catalog --json`
  SvdRoute svd = SvdRoute::automatic;
  std::optional<double> time_limit;  ///< seconds after which the job saves its work and stops
};

/// How unlike two samples are within one representation.
enum class Dissimilarity { euclidean, squared_euclidean, cosine, correlation };

/// What makes samples neighbours: cosine of the rows as stored, distance, or cosine after clamping outlying values.
enum class NeighbourMetric { cosine, euclidean, platonic };

/// What `compare` computes.
struct CompareOptions {
  std::vector<std::string> measures = {"core"};
  PairSelection pairs;
  double variance = 0.99;           ///< share of variance that SVCCA keeps
  std::optional<Index> components;  ///< or a fixed number of components
  bool coefficients = false;
  bool exact = false;
  double bandwidth = 1;  ///< of Gaussian kernels, in median distances
  Dissimilarity dissimilarity = Dissimilarity::euclidean;  ///< of representational similarity analysis
  Index batch = 256;                                       ///< samples of a batch of cka_minibatch
  Index neighbours = 10;                                   ///< of each sample
  NeighbourMetric neighbour_metric = NeighbourMetric::cosine;
  Index folds = 5;         ///< of the samples, for measures judged on held-out ones
  Index bootstrap = 0;     ///< draws of the samples with replacement, for standard errors
  Index permutations = 0;  ///< relabellings of the samples, for chance levels
  Index jackknife = 0;     ///< blocks of the samples that are left out in turn, for standard errors

  bool resamples() const { return bootstrap > 0 || permutations > 0 || jackknife > 0; }
};

/// What `align` removes the mean of.
enum class AlignCenter { both, features, targets, none };

/// What `align` does to the activations first: nothing, or what the authors' demo does (constant column, unit rows).
enum class AlignPreprocess { none, demo };

/// What `align` computes.
struct AlignOptions {
  std::vector<std::string> targets;   ///< names under /targets
  std::optional<AlignCenter> center;  ///< empty: both, and none with the preparation of the demo
  AlignPreprocess preprocess = AlignPreprocess::none;
  bool learning_curve = false;        ///< write the predicted loss over the steps of gradient descent
  std::string input_layer = "input";  ///< baseline: the layer of the same network that holds the raw inputs

  AlignCenter centring() const {
    return center.value_or(preprocess == AlignPreprocess::demo ? AlignCenter::none : AlignCenter::both);
  }
};

/// What `dynamics` computes.
struct DynamicsOptions {
  std::string target;        ///< name under /targets; empty: the one that has the width of the output
  std::string input_layer;   ///< layer whose distances are those of the inputs; empty: only eta_h X is known
  std::string output_layer;  ///< empty: "output", or else the last layer
  std::vector<std::pair<Index, Index>> pairs;  ///< of inputs; empty: all when there are few, a sample when many
  std::optional<Index> sample;                 ///< number of pairs drawn at random
  Index seed = 0;
  bool controls = false;                       ///< also fit wrong equations
  bool range_normalised = false;               ///< weigh h, y and w by their ranges in the fit
  bool convergence = false;                    ///< similarity of every step to the last
  bool sequences = false;                      ///< similarity of the time steps of sequences
  std::vector<std::string> group_by;           ///< file attributes whose values are compared as groups
  std::string measure = "pwcca";               ///< of convergence, sequences and groups
  std::string census_means, census_variances;  ///< layers of a VAE: means, log-variances; empty: none

  /// The theory is fitted unless only other analyses are asked for.
  bool fits() const {
    bool const other = convergence || sequences || !group_by.empty() || !census_means.empty();
    return !other || !pairs.empty() || sample;
  }
};

/// Which pairs `match` takes. Always of the same layer but for `all`.
enum class MatchPairs {
  networks,    ///< of different networks, at the same step, or both at their last one
  same_layer,  ///< of any two checkpoints
  all,         ///< of any two representations
  to           ///< of any two representations of which a label matches a pattern
};

/// What `match` computes.
struct MatchOptions {
  MatchPairs pairs = MatchPairs::networks;
  std::string pairs_glob;            ///< for MatchPairs::to
  bool absolute = false;             ///< the sign of a correlation does not count
  bool mutual_information = false;   ///< also best partners by mutual information
  Index bins = 10;                   ///< of its histograms
  std::vector<double> penalties = {0, 0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1};  ///< of sparse prediction; empty: none
  std::optional<Index> clusters;     ///< number of clusters; empty: the eigenvalues decide
  bool clustering = true;
  double threshold = 0.2;            ///< correlations that are edges of the graph
  bool maps = false;                 ///< affine maps between the embeddings
  std::string labels = "labels";     ///< targets that say which samples are of one class
  std::optional<bool> matrices;      ///< write the correlations of all pairs of neurons; empty: when they are few
};

/// What `plan` supposes. Sizes of representations stand in for data.
struct PlanOptions {
  std::optional<Index> ranks, nodes;     ///< empty: those it runs on
  std::optional<Index> representations;  ///< all of one size; empty: DATA tell
  Index samples = 0, neurons = 0;        ///< of each of them
  std::optional<Index> rank;             ///< directions kept of each; empty: as many as there can be
};

/// A job: command, selection and options. `text` is the re-runnable form that results record.
struct JobConfig {
  std::string command;
  Selection selection;
  std::optional<double> rank_tolerance;  ///< relative; empty: auto, from the stored type
  RunOptions run;
  CompareOptions compare;
  AlignOptions align;
  DynamicsOptions dynamics;
  MatchOptions match;
  PlanOptions plan;
  std::string text;
};

}  // namespace confer
