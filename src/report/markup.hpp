/// Text on its way into a page: the only doors through which names from files pass.
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

namespace confer::report {

/// Markup that is safe by construction: everything but what this program itself writes is escaped.
class Html {
 public:
  /// Escaped text.
  Html& text(std::string_view value);
  /// Escaped text in bold: a name or a number that the sentence is about.
  Html& strong(std::string_view value);
  /// Markup written in this program's source, unescaped.
  template <std::size_t N>
  Html& markup(char const (&value)[N]) {
    out_.append(value, N - 1);
    return *this;
  }
  Html& append(Html const& other) {
    out_ += other.out_;
    return *this;
  }
  std::string const& str() const { return out_; }
  bool empty() const { return out_.empty(); }

 private:
  std::string out_;
};

/// Text for a page: markup characters as entities, what is not printable written out (see confer::printable).
std::string escape_html(std::string_view text);

/// JSON that can stand inside a <script> element: no "<", ">", "&", U+2028 or U+2029, whatever the strings hold.
std::string script_json(nlohmann::json const& value);

/// A script that can stand inside a <script> element: "</script" and "<!--" are broken up.
std::string script_body(std::string_view source);

/// A number for reading: three significant digits, "NaN" for not-a-number.
std::string brief(double value);

/// The one form or the other: count_of(1, "layer") = "1 layer", count_of(1200, "layer") = "1,200 layers".
std::string count_of(long long count, std::string_view noun);

}  // namespace confer::report
