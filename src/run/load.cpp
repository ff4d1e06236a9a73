#include "confer/run/load.hpp"

#include <algorithm>
#include <filesystem>
#include <map>

#include "confer/core/error.hpp"
#include "confer/core/text.hpp"
#include "confer/core/utf8.hpp"
#include "confer/io/activation_reader.hpp"
#include "confer/io/catalog_reader.hpp"
#include "confer/model/representation.hpp"

namespace confer {

namespace {

std::size_t at(Index i) { return static_cast<std::size_t>(i); }

/// A block of samples of one array, inside one shard.
struct ScanBlock {
  Index representation = 0;
  Index shard = 0;
  Index begin = 0;  ///< counted from the representation's first sample
  Index count = 0;
};

/// What a rank found in one array of one shard; ordered by place.
struct Finding {
  Index representation = 0;
  Index shard = 0;
  Index non_finite = 0;
  std::string first;   ///< where the first value lies that is not finite
  std::string reason;  ///< why the values cannot be read; empty when they can
  std::string advice;
};

constexpr char field_end = '\x1f', record_end = '\x1e';  // cannot occur in printable text

std::string to_text(std::vector<Finding> const& findings) {
  std::string text;
  for (auto const& finding : findings) {
    for (auto const& field : {std::to_string(finding.representation), std::to_string(finding.shard),
                              std::to_string(finding.non_finite), finding.first, finding.reason, finding.advice})
      text += field + field_end;
    text += record_end;
  }
  return text;
}

void append_findings(std::string const& text, std::vector<Finding>& findings) {
  if (text.empty()) return;
  for (auto const& record : split(text, record_end)) {
    if (record.empty()) continue;
    auto const fields = split(record, field_end);
    findings.push_back({parse_index(fields.at(0)), parse_index(fields.at(1)), parse_index(fields.at(2)), fields.at(3),
                        fields.at(4), fields.at(5)});
  }
}

// All values of the selection in blocks of about 32 MiB.
std::vector<ScanBlock> scan_blocks(Catalog const& catalog, std::vector<Representation> const& representations) {
  constexpr Index block_values = Index{8} << 20;
  std::vector<ScanBlock> blocks;
  for (std::size_t r = 0; r < representations.size(); ++r) {
    auto const& representation = representations[r];
    auto const& shards = catalog.checkpoints[at(representation.checkpoint)].shards;
    Index const step = std::max<Index>(1, block_values / representation.features);
    for (std::size_t s = 0; s < shards.size(); ++s) {
      Index const begin = std::max(shards[s].first_sample - representation.sample_begin, Index{0});
      Index const end =
          std::min(shards[s].first_sample + shards[s].samples - representation.sample_begin, representation.samples);
      for (Index i = begin; i < end; i += step)
        blocks.push_back({static_cast<Index>(r), static_cast<Index>(s), i, std::min(step, end - i)});
    }
  }
  return blocks;
}

// Ranks take neighbouring blocks of about the same volume, so that few ranks open the same file.
std::vector<Finding> scan_share(Catalog const& catalog, std::vector<Representation> const& representations,
                                Communicator const& comm) {
  auto const blocks = scan_blocks(catalog, representations);
  auto const volume = [&](ScanBlock const& block) {
    return static_cast<double>(block.count * representations[at(block.representation)].features);
  };
  double total = 0, before = 0;
  for (auto const& block : blocks) total += volume(block);

  std::vector<Finding> findings;
  std::optional<ActivationReader> reader;
  Index open = -1;
  for (auto const& block : blocks) {
    double const owner = before / total * comm.size();
    before += volume(block);
    if (static_cast<int>(owner) != comm.rank()) continue;
    if (findings.empty() || findings.back().representation != block.representation ||
        findings.back().shard != block.shard)
      findings.push_back({block.representation, block.shard, 0, {}, {}, {}});
    Finding& finding = findings.back();
    if (!finding.reason.empty()) continue;
    try {
      auto const& representation = representations[at(block.representation)];
      if (open != block.representation) reader.emplace(catalog, representation);
      open = block.representation;
      Matrix<float> values(representation.features, block.count);
      StoredValues seen;
      reader->read(block.begin, block.count, values.view(), seen);
      if (finding.non_finite == 0) finding.first = seen.first_non_finite;
      finding.non_finite += seen.non_finite;
    } catch (InputError const& error) {
      finding.reason = error.reason();
      finding.advice = error.advice();
    }
  }
  return findings;
}

Refusal refusal_of(Catalog const& catalog, Representation const& representation, std::vector<Finding> const& findings) {
  auto const& checkpoint = catalog.checkpoints[at(representation.checkpoint)];
  Refusal refusal{representation.label, {}, "/activations/" + checkpoint.layers[at(representation.layer)].name, {}, {}};
  Index non_finite = 0;
  std::string first;
  for (auto const& finding : findings) {
    if (finding.non_finite == 0 && finding.reason.empty()) continue;
    if (refusal.file.empty()) refusal.file = checkpoint.shards[at(finding.shard)].path;
    if (non_finite == 0) first = finding.first;
    non_finite += finding.non_finite;
    if (refusal.reason.empty()) {
      refusal.reason = finding.reason;
      refusal.advice = finding.advice;
    }
  }
  if (non_finite > 0 && refusal.reason.empty()) {
    refusal.reason = "it holds " + format_count(non_finite) + (non_finite == 1 ? " value" : " values") +
                     " that are NaN or Inf, the first at " + first;
    refusal.advice = "leave the layer out by --layers, or write it again";
  }
  return refusal;
}

}  // namespace

void require_no_refusals(Catalog const& catalog) {
  if (catalog.refusals.empty()) return;
  constexpr std::size_t most = 5;
  std::vector<std::string> texts;
  for (auto const& refusal : catalog.refusals) {
    if (texts.size() == most) break;
    std::string const dataset = refusal.dataset.empty() ? "" : " '" + printable(refusal.dataset) + "'";
    texts.push_back("'" + printable(refusal.file) + "'" + dataset + ": " + refusal.reason);
  }
  std::string reasons = join(texts, "; ");
  if (catalog.refusals.size() > most) reasons += "; and " + std::to_string(catalog.refusals.size() - most) + " more";
  throw InputError("--strict: " + format_count(static_cast<Index>(catalog.refusals.size())) + " refused", reasons,
                   "correct them, or go on without them by leaving --strict out");
}

void refuse_bad_values(Catalog& catalog, Selection const& selection, Communicator const& comm) {
  Selection as_stored = selection;
  as_stored.conv = ConvRule::flatten;
  as_stored.sequence = SequenceRule::flatten;
  auto const representations = select_representations(catalog, as_stored);

  std::string own;
  together(comm, [&] { own = to_text(scan_share(catalog, representations, comm)); });
  std::map<Index, std::vector<Finding>> by_representation;
  std::vector<Finding> findings;
  for (auto const& text : comm.all_gather(own)) append_findings(text, findings);
  for (auto const& finding : findings)
    if (finding.non_finite > 0 || !finding.reason.empty()) by_representation[finding.representation].push_back(finding);

  // From the back, so that the indices of what comes before stay right.
  std::vector<Refusal> refusals;
  for (auto entry = by_representation.rbegin(); entry != by_representation.rend(); ++entry) {
    auto const& representation = representations[at(entry->first)];
    refusals.push_back(refusal_of(catalog, representation, entry->second));
    auto& layers = catalog.checkpoints[at(representation.checkpoint)].layers;
    layers.erase(layers.begin() + representation.layer);
  }
  std::erase_if(catalog.checkpoints, [](Checkpoint const& checkpoint) { return checkpoint.layers.empty(); });
  catalog.refusals.insert(catalog.refusals.end(), refusals.rbegin(), refusals.rend());
}

namespace {

/// Results must not replace data: neither those of the job, sound or damaged, nor others.
void check_replaces_no_data(std::string const& output, Catalog const& catalog) {
  if (output.empty()) return;
  bool is_data = holds_activations(output);
  for (auto const& refusal : catalog.refusals) {
    std::error_code ignored;
    is_data = is_data || (std::filesystem::equivalent(refusal.file, output, ignored));
  }
  if (is_data)
    throw UsageError("--output " + printable(output) + " is a file of activations", "the results would replace it",
                     "give the results another name");
}

}  // namespace

Catalog load_catalog(JobConfig const& config, Communicator const& comm) {
  Catalog catalog;
  std::string text;
  together(comm, [&] {
    if (!comm.is_root()) return;
    catalog = read_catalog(config.selection.data);
    check_replaces_no_data(config.run.output, catalog);
    if (config.run.strict) require_no_refusals(catalog);
    text = to_json(catalog);
  });
  comm.broadcast(text, 0);
  if (!comm.is_root()) catalog = catalog_from_json(text);
  if (config.run.strict) {
    refuse_bad_values(catalog, config.selection, comm);
    require_no_refusals(catalog);
  }
  return catalog;
}

}  // namespace confer
