#include "confer/report/html.hpp"

#include <map>
#include <nlohmann/json.hpp>
#include <set>

#include "confer/core/error.hpp"
#include "confer/core/text.hpp"
#include "report/page.hpp"
#include "report/sections.hpp"
#include "report/vega_bundle.hpp"

namespace confer {

namespace {

report::Section section_of(ReportInput const& input) {
  auto const command = input.results.text_attribute("command");
  if (command == "compare") return report::compare_section(input.results, input.path);
  if (command == "align") return report::align_section(input.results, input.path);
  if (command == "match") return report::match_section(input.results, input.path);
  if (command == "dynamics") return report::dynamics_section(input.results, input.path);
  throw InputError(input.path + " cannot be reported (its command is '" + command + "')",
                   "reports are made of results of compare, align, match and dynamics");
}

/// The specification with its data as rows, a size in pixels and the fonts and colours of the page.
std::string stand_alone(report::Figure const& figure) {
  using report::Figure;
  nlohmann::json spec = figure.spec;
  spec["width"] = figure.shape == Figure::Shape::wide ? 860 : 560;
  spec["height"] = figure.shape == Figure::Shape::square                      ? 560
                   : figure.shape == Figure::Shape::tall && figure.height > 0 ? figure.height
                                                                              : 400;
  spec["config"] = nlohmann::json::parse(report::figure_config);
  auto rows = nlohmann::json::array();
  for (auto const& [name, values] : figure.columns.items())
    for (std::size_t k = 0; k < values.size(); ++k) {
      if (k == rows.size()) rows.push_back({{"k", k}});
      rows[k][name] = values[k];
    }
  if (!figure.columns.is_null()) spec["datasets"] = {{"rows", std::move(rows)}};
  return spec.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

}  // namespace

void write_html_report(std::ostream& out, std::vector<ReportInput> const& inputs) {
  std::vector<report::Section> sections;
  for (auto const& input : inputs) sections.push_back(section_of(input));
  // Results of one kind are told apart by their files.
  std::map<std::string, int> times;
  for (auto const& section : sections) ++times[section.title];
  for (std::size_t i = 0; i < sections.size(); ++i)
    if (times[sections[i].title] > 1)
      sections[i].title += " (" + inputs[i].path.substr(inputs[i].path.rfind('/') + 1) + ")";
  std::string title = "confer report";
  if (sections.size() == 1) title = sections.front().title;
  report::write_page(out, title, sections, report::vega_bundle());
}

std::vector<ReportFigure> report_figures(std::vector<ReportInput> const& inputs) {
  std::vector<ReportFigure> figures;
  std::set<std::string> taken;
  for (std::size_t i = 0; i < inputs.size(); ++i)
    for (auto const& group : section_of(inputs[i]).groups)
      for (auto const& figure : group.figures) {
        std::string name = report::file_name(figure.title);
        if (inputs.size() > 1) name = std::to_string(i + 1) + "-" + name;
        while (!taken.insert(name).second) name += "-more";
        figures.push_back({name, stand_alone(figure)});
      }
  return figures;
}

std::string figure_program() {
  auto const vega = report::vega_bundle();
  if (!vega.complete()) return {};
  std::string program = "const vega = {}, vegaLite = {}, fs = require('fs');\n(function (exports, module) {";
  program += vega.vega;
  program += "\n})(vega, {});\n(function (exports, module, require) {";
  program += vega.vega_lite;
  program += R"js(
})(vegaLite, {}, () => vega);
(async () => {
  for (const path of process.argv.slice(2)) {
    const spec = vegaLite.compile(JSON.parse(fs.readFileSync(path, "utf8"))).spec;
    const view = new vega.View(vega.parse(spec), { renderer: "none", logLevel: vega.Error });
    fs.writeFileSync(path.replace(/\.vl\.json$/, ".svg"), await view.toSVG());
  }
})().catch(error => { console.error(error.message); process.exit(1); });
)js";
  return program;
}

bool report_has_figures() { return report::vega_bundle().complete(); }

}  // namespace confer
