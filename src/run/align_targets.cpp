#include "run/align_targets.hpp"

#include <algorithm>
#include <cmath>
#include <set>

#include "confer/core/error.hpp"
#include "confer/core/text.hpp"
#include "confer/core/utf8.hpp"
#include "confer/io/basis_store.hpp"
#include "confer/io/target_reader.hpp"
#include "confer/theory/alignment.hpp"

namespace confer {

namespace {

bool holds(Checkpoint const& checkpoint, std::string const& name) {
  return std::any_of(checkpoint.targets.begin(), checkpoint.targets.end(),
                     [&](TargetInfo const& target) { return target.name == name; });
}

// What reading the headers said about a target that it left out.
std::string said_about(Checkpoint const& checkpoint, std::string const& name) {
  for (auto const& warning : checkpoint.warnings)
    if (warning.find("target '" + printable(name) + "'") != std::string::npos) return warning;
  return "";
}

std::string known_names(Checkpoint const& checkpoint) {
  std::vector<std::string> names;
  for (auto const& target : checkpoint.targets) names.push_back(printable(target.name));
  return names.empty() ? "the file holds no targets" : "the file holds " + join(names, ", ");
}

}  // namespace

PreparedTarget prepare_target(Catalog const& catalog, Representation const& representation, std::string const& name,
                              OpenFiles* files) {
  PreparedTarget target;
  auto const& checkpoint = catalog.checkpoints[static_cast<std::size_t>(representation.checkpoint)];
  auto const refuse = [&](TargetStatus status, std::string detail) {
    target.status = status;
    target.detail = std::move(detail);
    return target;
  };
  if (!holds(checkpoint, name)) {
    std::string const said = said_about(checkpoint, name);
    return refuse(TargetStatus::missing, said.empty() ? known_names(checkpoint) : said);
  }
  TargetValues read;
  try {
    read = read_target(catalog, representation.checkpoint, name, representation.sample_begin, representation.samples,
                       files);
  } catch (InputError const& error) {
    return refuse(TargetStatus::unreadable, error.what());
  }
  target.labels = read.is_labels;
  if (read.is_labels) {
    LabelTargets labels = label_targets(read.labels);
    if (labels.classes.size() < 2) return refuse(TargetStatus::constant, "all samples are of one class");
    if (labels.classes.size() > 2)
      for (Index const c : labels.classes) target.output_names.push_back(name + "=" + std::to_string(c));
    target.values = std::move(labels.values);
  } else {
    target.values = std::move(read.values);
    if (target.values.cols() > 1)
      for (Index c = 0; c < target.values.cols(); ++c)
        target.output_names.push_back(name + "[" + std::to_string(c) + "]");
  }
  bool varies = false;
  for (Index c = 0; c < target.values.cols(); ++c)
    for (Index i = 1; i < target.values.rows(); ++i) varies = varies || target.values(i, c) != target.values(0, c);
  if (!varies) return refuse(TargetStatus::constant, "it has the same value for all samples");
  target.key = content_key(std::string_view(reinterpret_cast<char const*>(target.values.data()),
                                            static_cast<std::size_t>(target.values.size()) * sizeof(double)));
  return target;
}

void check_target_names(Catalog const& catalog, std::vector<Representation> const& representations,
                        std::vector<std::string> const& names) {
  std::set<Index> used;
  for (auto const& r : representations) used.insert(r.checkpoint);
  for (auto const& name : names) {
    bool found = false;
    std::string said;
    std::set<std::string> known;
    for (Index const c : used) {
      auto const& checkpoint = catalog.checkpoints[static_cast<std::size_t>(c)];
      found = found || holds(checkpoint, name);
      if (said.empty()) said = said_about(checkpoint, name);
      for (auto const& target : checkpoint.targets) known.insert(printable(target.name));
    }
    if (found) continue;
    if (!said.empty())
      throw InputError("target '" + printable(name) + "' cannot be used in any file", said, "choose another --target");
    throw UsageError(
        "--target " + printable(name) + " matches no target",
        known.empty() ? "the files hold no targets" : "there are: " + join({known.begin(), known.end()}, ", "),
        "choose from these");
  }
}

}  // namespace confer
