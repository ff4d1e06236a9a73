#include "app/compare_options.hpp"

#include "app/values.hpp"
#include "confer/similarity/measure.hpp"

namespace confer::app {

OptionGroup compare_options(CompareOptions& compare) {
  return {"Comparison",
          {{"measures", "LIST",
            "measures, with commas between them; core and all are sets, confer measures lists them (default: core)",
            [&compare](std::string const& text) {
              compare.measures = name_list(text);
              select_measures(compare.measures);
            }},
           {"pairs", "WHICH",
            "all, cross-network (of different networks), same-layer (of equal name), or to=GLOB: every representation "
            "with those whose label network@step/layer matches (default: all)",
            [&compare](std::string const& text) { compare.pairs = pair_selection(text); }},
           {"variance", "SHARE", "share of the variance that SVCCA keeps (default: 0.99)",
            [&compare](std::string const& text) { compare.variance = number_between(text, 0, LowerEnd::excluded, 1); }},
           {"components", "K", "number of components that SVCCA keeps, instead of a share of the variance",
            [&compare](std::string const& text) { compare.components = whole_number_between(text, 1, 1 << 30); }},
           {"bandwidth", "F",
            "width of the Gaussian kernels of cka_rbf, in median distances between samples (default: 1)",
            [&compare](std::string const& text) {
              compare.bandwidth = number_between(text, 0, LowerEnd::excluded, 1e6);
            }},
           {"dissimilarity", "HOW",
            "of samples, for rsa_pearson and rsa_spearman: euclidean, sqeuclidean, or, of the rows as stored, cosine, "
            "correlation (default: euclidean)",
            [&compare](std::string const& text) {
              compare.dissimilarity = choice<Dissimilarity>(text, {{"euclidean", Dissimilarity::euclidean},
                                                                   {"sqeuclidean", Dissimilarity::squared_euclidean},
                                                                   {"cosine", Dissimilarity::cosine},
                                                                   {"correlation", Dissimilarity::correlation}});
            }},
           {"batch", "M", "samples of a batch of cka_minibatch (default: 256)",
            [&compare](std::string const& text) { compare.batch = whole_number_between(text, 4, 65536); }},
           {"neighbours", "K", "nearest neighbours of each sample, for knn_* and cknna (default: 10)",
            [&compare](std::string const& text) { compare.neighbours = whole_number_between(text, 1, 1 << 20); }},
           {"neighbour-metric", "HOW",
            "what makes samples neighbours: cosine of the rows as stored, euclidean, or platonic: cosine after values "
            "are clamped at the 95 % quantile of their size (default: cosine)",
            [&compare](std::string const& text) {
              compare.neighbour_metric = choice<NeighbourMetric>(text, {{"cosine", NeighbourMetric::cosine},
                                                                        {"euclidean", NeighbourMetric::euclidean},
                                                                        {"platonic", NeighbourMetric::platonic}});
            }},
           {"folds", "K",
            "parts the samples are split into for the *_held_out measures: each is predicted from the others "
            "(default: 5)",
            [&compare](std::string const& text) { compare.folds = whole_number_between(text, 2, 1 << 20); }},
           {"bootstrap", "B",
            "standard errors <measure>_se of the measures made of factors, from B draws of the samples (inputs, never "
            "positions) with replacement; each takes about as long as the pairs. Not made of factors: cka_rbf*, "
            "cka_minibatch, distance_correlation*, rsa_*, knn_*, cknna, match_*, *_held_out (default: none)",
            [&compare](std::string const& text) { compare.bootstrap = whole_number_between(text, 2, 1 << 20); }},
           {"jackknife", "G",
            "standard errors <measure>_se of measures of kernels (not cka_minibatch) and neighbours, and, without "
            "--bootstrap, of those made of factors, from leaving out each of G random blocks of the samples (inputs, "
            "never positions) in turn; 20 is a good number (default: none)",
            [&compare](std::string const& text) { compare.jackknife = whole_number_between(text, 2, 1 << 20); }},
           {"permutations", "B",
            "p-values <measure>_p of the measures made of factors from B random relabellings of the samples, and "
            "chance levels "
            "where no closed form is known (default: none)",
            [&compare](std::string const& text) { compare.permutations = whole_number_between(text, 2, 1 << 20); }},
           switch_option("coefficients", "also write the canonical correlations of every pair", compare.coefficients),
           switch_option("exact", "double precision throughout: slower, needs twice the memory", compare.exact)}};
}

std::vector<std::pair<std::string, std::string>> compare_exclusions() {
  return {{"variance", "components"}, {"quiet", "verbose"}};
}

}  // namespace confer::app
