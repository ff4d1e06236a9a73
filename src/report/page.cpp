#include "report/page.hpp"

#include <fmt/format.h>

#include <functional>
#include <ostream>

#include "confer/core/text.hpp"

namespace confer::report {

namespace {

constexpr std::size_t most_open_warnings = 8;
constexpr Index most_svg_marks = 3000;  ///< more are drawn on a canvas

void write_table(std::ostream& out, Table const& table) {
  out << "<div class=\"scroll\"><table><thead><tr>";
  for (auto const& cell : table.header) out << "<th>" << escape_html(cell) << "</th>";
  out << "</tr></thead><tbody>\n";
  for (auto const& row : table.rows) {
    out << "<tr>";
    for (auto const& cell : row) out << "<td>" << escape_html(cell) << "</td>";
    out << "</tr>\n";
  }
  out << "</tbody></table></div>\n";
  if (!table.omitted.empty()) out << "<p class=\"about\">" << escape_html(table.omitted) << "</p>\n";
}

char const* shape_class(Figure const& figure) {
  switch (figure.shape) {
    case Figure::Shape::square:
      return "square";
    case Figure::Shape::tall:
      return "tall half";
    case Figure::Shape::half:
      return "wide half";
    case Figure::Shape::wide:
      break;
  }
  return "wide";
}

/// Writes the page piece by piece and numbers its figures.
class Writer {
 public:
  Writer(std::ostream& out, bool drawn) : out_(out), drawn_(drawn) {}

  void section(Section const& section, std::size_t number_of_sections) {
    out_ << "<section>\n";
    if (number_of_sections > 1) out_ << "<h2>" << escape_html(section.title) << "</h2>\n";
    out_ << "<div class=\"answer\">\n";
    for (auto const& sentence : section.answer) out_ << "<p>" << sentence.str() << "</p>\n";
    out_ << "</div>\n";
    if (!section.warnings.empty()) {
      out_ << "<div class=\"warnings\"><h3>Warnings</h3><ul>\n";
      for (std::size_t i = 0; i < section.warnings.size(); ++i) {
        if (i == most_open_warnings)
          out_ << "</ul><details><summary>" << section.warnings.size() - i << " more"
               << "</summary><ul>\n";
        out_ << "<li>" << section.warnings[i].str() << "</li>\n";
      }
      out_ << "</ul>" << (section.warnings.size() > most_open_warnings ? "</details>" : "") << "</div>\n";
    }
    if (drawn_) controls(section.controls);
    for (auto const& group : section.groups) {
      if (group.figures.empty()) continue;
      out_ << "<h2>" << escape_html(group.title) << "</h2>\n";
      if (!group.about.empty()) out_ << "<p class=\"about\">" << escape_html(group.about) << "</p>\n";
      out_ << "<div class=\"grid\">\n";
      for (auto const& each : group.figures) figure(each);
      out_ << "</div>\n";
    }
    for (auto const& [title, table] : section.tables) part(title, table);
    part("How this was computed", section.provenance);
    out_ << "</section>\n";
  }

  Json const& figures() const { return figures_; }

 private:
  void controls(std::vector<Control> const& controls) {
    if (controls.empty()) return;
    out_ << "<div class=\"controls\">\n";
    for (auto const& control : controls) {
      out_ << "<label>" << escape_html(control.label) << " <select name=\"" << escape_html(control.parameter) << "\">";
      for (auto const& [value, text] : control.options)
        out_ << "<option value=\"" << escape_html(value) << "\">" << escape_html(text) << "</option>";
      out_ << "</select></label>\n";
    }
    out_ << "</div>\n";
  }

  void figure(Figure const& figure) {
    out_ << "<figure class=\"" << shape_class(figure) << "\"><h3>" << escape_html(figure.title) << "</h3><figcaption>"
         << escape_html(figure.reading) << "</figcaption>\n";
    if (drawn_) {
      out_ << "<div class=\"chart\"";
      if (figure.shape == Figure::Shape::tall && figure.height > 0)
        out_ << " style=\"--tall: " << figure.height << "px\"";
      out_ << "><div class=\"choices\"></div><div class=\"drawing\" id=\"chart-" << figures_.size()
           << "\"></div></div>\n";
      figures_.push_back({{"spec", figure.spec},
                          {"columns", figure.columns},
                          {"renderer", figure.marks > most_svg_marks ? "canvas" : "svg"},
                          {"file", file_name(figure.title)}});
    }
    if (!figure.table.rows.empty()) {
      out_ << (drawn_ ? "<details><summary>Numbers</summary>" : "");
      write_table(out_, figure.table);
      out_ << (drawn_ ? "</details>" : "");
    }
    out_ << "</figure>\n";
  }

  void part(std::string const& title, Table const& table) {
    if (table.rows.empty()) return;
    out_ << "<details class=\"part\"><summary>" << escape_html(title) << "</summary>\n";
    write_table(out_, table);
    out_ << "</details>\n";
  }

  std::ostream& out_;
  bool drawn_;
  Json figures_ = Json::array();
};

}  // namespace

std::string file_name(std::string const& title) {
  std::string name;
  for (char const c : title)
    if ((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_')
      name += c;
    else if (c >= 'A' && c <= 'Z')
      name += static_cast<char>(c - 'A' + 'a');
    else if (!name.empty() && name.back() != '-')
      name += '-';
  if (!name.empty() && name.back() == '-') name.pop_back();
  return name.empty() ? "figure" : name;
}

void write_page(std::ostream& out, std::string const& title, std::vector<Section> const& sections,
                VegaBundle const& vega) {
  bool const drawn = vega.complete();
  // Scripts without this number do not run. It depends on all the text, so no text can contain it knowingly.
  std::size_t digest = std::hash<std::string>{}(title);
  for (auto const& section : sections)
    for (auto const& sentence : section.answer)
      digest = digest * 1099511628211u ^ std::hash<std::string>{}(sentence.str());
  auto const nonce = fmt::format("{:016x}", digest);
  out << "<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">\n"
         "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; script-src 'nonce-"
      << nonce
      << "' 'unsafe-eval'; style-src 'unsafe-inline'; img-src data: blob:; form-action 'none'; base-uri 'none'\">\n"
         "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n<title>"
      << escape_html(title) << "</title>\n<style>" << page_style << "</style></head>\n<body><main>\n<header><h1>"
      << escape_html(title) << "</h1></header>\n";
  if (!drawn)
    out << "<div class=\"warnings\">This confer was built without the Vega bundles, so the figures are missing and "
           "their "
           "numbers stand in tables. To have figures, run cluster/fetch-vega.sh and build again.</div>\n";
  Writer writer(out, drawn);
  for (auto const& section : sections) writer.section(section, sections.size());
  if (drawn) {
    out << "<details class=\"part\"><summary>Licences</summary><p>Figures are drawn by Vega, Vega-Lite and "
           "vega-embed.</p><pre>";
    for (auto const& line : split(vega.licences, '\n')) out << escape_html(line) << '\n';
    out << "</pre></details>\n";
  }
  out << "</main>\n";
  if (drawn) {
    auto const open = "<script nonce=\"" + nonce + "\">";
    for (auto const source : {vega.vega, vega.vega_lite, vega.vega_embed})
      out << open << script_body(source) << "</script>\n";
    out << "<script type=\"application/json\" id=\"config\">" << script_body(figure_config) << "</script>\n";
    out << "<script type=\"application/json\" id=\"figures\">" << script_json(writer.figures()) << "</script>\n";
    out << open << page_script << "</script>\n";
  }
  out << "</body></html>\n";
}

}  // namespace confer::report
