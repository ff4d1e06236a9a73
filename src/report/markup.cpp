#include "report/markup.hpp"

#include <fmt/format.h>

#include <cmath>

#include "confer/core/text.hpp"
#include "confer/core/utf8.hpp"

namespace confer::report {

namespace {

void replace_all(std::string& text, std::string_view from, std::string_view to) {
  for (std::size_t at = text.find(from); at != text.npos; at = text.find(from, at + to.size()))
    text.replace(at, from.size(), to);
}

}  // namespace

std::string escape_html(std::string_view text) {
  std::string out;
  for (char const c : printable(text)) {
    switch (c) {
      case '<':
        out += "&lt;";
        break;
      case '>':
        out += "&gt;";
        break;
      case '&':
        out += "&amp;";
        break;
      case '"':
        out += "&quot;";
        break;
      case '\'':
        out += "&#39;";
        break;
      default:
        out += c;
    }
  }
  return out;
}

Html& Html::text(std::string_view value) {
  out_ += escape_html(value);
  return *this;
}

Html& Html::strong(std::string_view value) {
  out_ += "<b>" + escape_html(value) + "</b>";
  return *this;
}

std::string script_json(nlohmann::json const& value) {
  std::string out = value.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
  // Outside strings none of these occur in JSON, inside strings the escapes mean the same.
  std::string safe;
  safe.reserve(out.size());
  for (std::size_t i = 0; i < out.size(); ++i) {
    char const c = out[i];
    if (c == '<')
      safe += "\\u003c";
    else if (c == '>')
      safe += "\\u003e";
    else if (c == '&')
      safe += "\\u0026";
    else if (out.compare(i, 3, "\xe2\x80\xa8") == 0 || out.compare(i, 3, "\xe2\x80\xa9") == 0) {
      safe += out[i + 2] == '\xa8' ? "\\u2028" : "\\u2029";
      i += 2;
    } else {
      safe += c;
    }
  }
  return safe;
}

std::string script_body(std::string_view source) {
  std::string out(source);
  // Inside string and pattern literals, the only places where these can stand, "\/" and "\!" mean "/" and "!".
  replace_all(out, "</script", "<\\/script");
  replace_all(out, "</SCRIPT", "<\\/SCRIPT");
  replace_all(out, "<!--", "<\\!--");
  return out;
}

std::string brief(double value) {
  if (std::isnan(value)) return "NaN";
  return fmt::format("{:.3g}", value);
}

std::string count_of(long long count, std::string_view noun) {
  return format_count(count) + " " + std::string(noun) + (count == 1 ? "" : "s");
}

}  // namespace confer::report
