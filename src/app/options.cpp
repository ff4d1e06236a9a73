#include "app/options.hpp"

#include <algorithm>
#include <boost/program_options/errors.hpp>
#include <boost/program_options/options_description.hpp>
#include <boost/program_options/parsers.hpp>
#include <boost/program_options/value_semantic.hpp>
#include <map>
#include <optional>
#include <set>
#include <stdexcept>

#include "app/job_file.hpp"
#include "confer/core/error.hpp"
#include "confer/core/text.hpp"
#include "confer/core/utf8.hpp"

namespace confer::app {

namespace {

namespace po = boost::program_options;

/// The text of one option and where it stands: "--steps", or "'job.ini' line 3: steps".
struct Value {
  std::string text;
  std::string where;
};

/// What one source, the command line or a job file, says.
struct Source {
  std::map<std::string, Value> values;
  std::vector<std::string> words;  ///< the positional arguments
};

std::map<std::string, Option const*> known_options(Syntax const& syntax) {
  std::map<std::string, Option const*> known;
  for (auto const& group : syntax.groups)
    for (auto const& option : group.options) known[option.name] = &option;
  return known;
}

std::vector<std::string> names_of(std::map<std::string, Option const*> const& known) {
  std::vector<std::string> names = {"help", "job"};
  for (auto const& [name, option] : known) names.push_back(name);
  return names;
}

std::string did_you_mean(std::string const& word, std::vector<std::string> const& known, std::string const& dashes,
                         std::string const& otherwise) {
  std::string const name = nearest(word, known);
  return name.empty() ? otherwise : "did you mean " + dashes + name + "?";
}

std::string help_hint(Syntax const& syntax) { return "see confer " + syntax.command + " --help"; }

po::options_description described(Syntax const& syntax) {
  po::options_description options;
  options.add_options()("help,h", po::value<std::string>()->zero_tokens());
  options.add_options()("job", po::value<std::string>());
  for (auto const& group : syntax.groups)
    for (auto const& option : group.options) {
      auto* const value = po::value<std::string>();
      if (option.placeholder.empty()) value->zero_tokens();
      options.add_options()(option.name == "output" ? "output,o" : option.name.c_str(), value);
    }
  return options;
}

bool is_switch(std::string const& name, std::map<std::string, Option const*> const& known) {
  auto const option = known.find(name);
  return name == "help" || (option != known.end() && option->second->placeholder.empty());
}

// "--switch=no" leaves the arguments: Boost gives a switch either no value, or also the word that follows it.
std::vector<po::option> take_switch_values(Syntax const& syntax, std::vector<std::string>& arguments) {
  auto const known = known_options(syntax);
  std::vector<po::option> taken;
  std::erase_if(arguments, [&](std::string const& word) {
    auto const equals = word.find('=');
    if (equals == word.npos || !word.starts_with("--") || !is_switch(word.substr(2, equals - 2), known)) return false;
    taken.emplace_back(word.substr(2, equals - 2), std::vector{word.substr(equals + 1)});
    return true;
  });
  return taken;
}

// Boost takes "--steps --exact" for steps that are called --exact.
void require_own_value(po::option const& option, std::map<std::string, Option const*> const& known) {
  if (option.original_tokens.size() < 2 || option.value.empty() || !option.value.front().starts_with("--")) return;
  std::string const& word = option.value.front();
  std::string const name = word.substr(2, word.find('=') - 2);
  if (known.contains(name) || name == "help" || name == "job")
    throw UsageError("--" + option.string_key + " needs a value", "the option --" + name + " follows", "");
}

std::vector<po::option> parsed(Syntax const& syntax, std::vector<std::string> arguments) {
  namespace style = po::command_line_style;
  // No abbreviations: they would break scripts whenever an option is added.
  int const rules = style::allow_long | style::allow_short | style::allow_dash_for_short | style::long_allow_adjacent |
                    style::long_allow_next | style::short_allow_adjacent | style::short_allow_next;
  try {
    po::options_description const options = described(syntax);
    auto result = take_switch_values(syntax, arguments);
    auto const known = known_options(syntax);
    for (auto& option : po::command_line_parser(arguments).options(options).style(rules).run().options) {
      require_own_value(option, known);
      result.push_back(std::move(option));
    }
    return result;
  } catch (po::unknown_option const& error) {
    std::string word = error.get_option_name();
    std::string const shown = printable(word);
    word.erase(0, word.find_first_not_of('-'));
    throw UsageError("unknown option " + shown, "confer " + syntax.command + " has no such option",
                     did_you_mean(word, names_of(known_options(syntax)), "--", help_hint(syntax)));
  } catch (po::error_with_option_name const& error) {
    throw UsageError(printable(error.get_option_name()) + " needs a value", "it is the last word, or an option follows",
                     help_hint(syntax));
  } catch (po::error const& error) {
    throw UsageError("the command line cannot be understood", printable(error.what()), help_hint(syntax));
  }
}

struct CommandLine {
  Source source;
  std::optional<std::string> job;
  bool help = false;
};

CommandLine read_arguments(Syntax const& syntax, std::vector<std::string> const& arguments) {
  CommandLine line;
  for (auto const& option : parsed(syntax, arguments)) {
    if (option.string_key.empty()) {
      for (auto const& word : option.value) line.source.words.push_back(word);
      continue;
    }
    std::string const& name = option.string_key;
    std::string const where = "--" + name;
    std::string const text = option.value.empty() ? "true" : option.value.front();
    if (name == "help") {
      line.help = true;
    } else if (name == "job") {
      if (line.job) throw UsageError("--job is given twice", "", "put everything into one file");
      line.job = text;
    } else if (!line.source.values.emplace(name, Value{text, where}).second) {
      throw UsageError(where + " is given twice", "a later value does not replace an earlier one", "give it once");
    }
  }
  return line;
}

Source read_job(Syntax const& syntax, std::string const& path) {
  Source source;
  auto const known = known_options(syntax);
  std::set<std::string> sections = {"", syntax.command};
  for (auto const& group : syntax.groups) {
    std::string section;
    for (char const c : group.title) section += static_cast<char>(c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c);
    sections.insert(section);
  }
  for (auto const& [section, key, text, line] : read_job_file(path)) {
    std::string const place = "'" + printable(path) + "' line " + std::to_string(line);
    bool const namespaced = !section.empty() && known.contains(section + "." + key);
    if (!sections.contains(section) && !namespaced)
      throw UsageError(place + ": unknown section [" + printable(section) + "]",
                       "confer " + syntax.command + " reads its own section and those named as in its help",
                       "use [" + syntax.command + "], or keys without a section");
    std::string const name = namespaced ? section + "." + key : key;
    if (name == "command" && section.empty()) continue;
    if (!syntax.positional.name.empty() && name == syntax.positional.name) {
      for (auto& word : words_of(text)) source.words.push_back(std::move(word));
    } else if (!known.contains(name)) {
      if (name == "job")
        throw UsageError(place + ": job: a job file cannot name another one", "", "put everything into one file");
      auto names = names_of(known);
      names.push_back(syntax.positional.name);
      throw UsageError(place + ": unknown key '" + printable(name) + "'",
                       "confer " + syntax.command + " has no such option",
                       did_you_mean(name, names, "", help_hint(syntax)));
    } else {
      Value const value{decoded(text), place + ": " + name};
      if (!source.values.emplace(name, value).second)
        throw UsageError(value.where + " is given twice", "", "give it once");
    }
  }
  return source;
}

void check_exclusive(Syntax const& syntax, Source const& source) {
  for (auto const& [one, other] : syntax.exclusive)
    if (source.values.contains(one) && source.values.contains(other))
      throw UsageError(source.values.at(one).where + " and " + source.values.at(other).where + " exclude each other", "", "give one of them");
}

// The command line wins: over the same option, and over what that option excludes.
Source merged(Syntax const& syntax, Source line, Source file) {
  for (auto const& [one, other] : syntax.exclusive) {
    if (line.values.contains(one)) file.values.erase(other);
    if (line.values.contains(other)) file.values.erase(one);
  }
  line.values.merge(file.values);
  if (line.words.empty()) line.words = std::move(file.words);
  return line;
}

void apply(Option const& option, Value const& value) {
  if (value.text.empty()) throw UsageError(value.where + " is empty", "", "give a value or leave it out");
  if (value.text.find('\0') != std::string::npos) throw UsageError(value.where + " holds a zero byte");
  std::string const problem = value.where + " cannot be '" + printable(value.text) + "'";
  try {
    option.set(value.text);
  } catch (UsageError const& error) {
    bool const named = value.where.starts_with("--");  // as the message is already
    throw UsageError((named ? "" : value.where + ": ") + error.problem(), error.reason(), error.advice());
  } catch (std::invalid_argument const& reason) {
    throw UsageError(problem, reason.what());
  }
}

}  // namespace

Option switch_option(std::string name, std::string help, bool& target) {
  auto const set = [&target](std::string const& text) {
    for (auto const* yes : {"true", "yes", "on", "1"})
      if (text == yes) return void(target = true);
    for (auto const* no : {"false", "no", "off", "0"})
      if (text == no) return void(target = false);
    throw std::invalid_argument("it is a switch: yes or no");
  };
  return {std::move(name), "", std::move(help), set};
}

Given read_options(Syntax const& syntax, std::vector<std::string> const& arguments) {
  CommandLine line = read_arguments(syntax, arguments);
  if (line.help) return {true, {}};
  check_exclusive(syntax, line.source);
  Source file;
  if (line.job) file = read_job(syntax, *line.job);
  check_exclusive(syntax, file);
  Source const source = merged(syntax, std::move(line.source), std::move(file));

  auto const& positional = syntax.positional;
  if (positional.name.empty() && !source.words.empty())
    throw UsageError("'" + printable(source.words.front()) + "' is not an option",
                     "confer " + syntax.command + " takes no other arguments", help_hint(syntax));
  if (!positional.name.empty() && positional.required && source.words.empty())
    throw UsageError(positional.placeholder + " is missing", "confer " + syntax.command + " " + syntax.usage,
                     help_hint(syntax));
  if (!positional.many && source.words.size() > 1)
    throw UsageError("'" + printable(source.words[1]) + "' is too much",
                     "confer " + syntax.command + " takes one " + positional.placeholder, help_hint(syntax));
  for (auto const& word : source.words)
    if (word.empty()) throw UsageError(positional.placeholder + " holds an empty name");

  Given given;
  given.job_text = job_line("command", syntax.command);
  if (positional.set) positional.set(source.words);
  for (auto const& word : source.words) given.job_text += job_word_line(positional.name, word);
  for (auto const& group : syntax.groups)
    for (auto const& option : group.options)
      if (auto const value = source.values.find(option.name); value != source.values.end()) {
        apply(option, value->second);
        given.job_text += job_line(option.name, value->second.text);
      }
  return given;
}

}  // namespace confer::app
