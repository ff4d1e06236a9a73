/// Records: values written one after another as bytes and read back in the same order. What journals and messages
/// between ranks of one program are made of; not a file format.
#pragma once

#include <cstring>
#include <map>
#include <optional>
#include <stdexcept>
#include <string>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

#include "confer/core/types.hpp"

namespace confer {

/// A record to write or to read. A type of records has one function for both, which names its members in order:
///     template <class Archive, RecordOf<Found> Record>
///     void fields(Archive& archive, Record& found) { archive(found.number, found.name, found.parts); }
template <class T, class Record>
concept RecordOf = std::is_same_v<std::remove_const_t<T>, Record>;

/// Appends values.
class RecordWriter {
 public:
  void operator()(double const& value) { raw(&value, sizeof value); }
  void operator()(Index const& value) { raw(&value, sizeof value); }
  void operator()(std::string const& text) {
    operator()(static_cast<Index>(text.size()));
    raw(text.data(), text.size());
  }
  template <class T>
  void operator()(std::vector<T> const& values) {
    operator()(static_cast<Index>(values.size()));
    for (auto const& value : values) operator()(value);
  }
  template <class T>
  requires(std::is_enum_v<T> || std::is_same_v<T, bool>) void operator()(T const& value) {
    operator()(static_cast<Index>(value));
  }
  template <class T>
  void operator()(std::optional<T> const& value) {
    operator()(value.has_value());
    if (value) operator()(*value);
  }
  template <class T>
  void operator()(std::map<std::string, T> const& entries) {
    operator()(static_cast<Index>(entries.size()));
    for (auto const& [key, value] : entries) operator()(key, value);
  }
  template <class First, class Second>
  void operator()(std::variant<First, Second> const& either) {
    operator()(static_cast<Index>(either.index()));
    std::visit(*this, either);
  }
  template <class T>
  requires std::is_class_v<T>
  void operator()(T const& record) { fields(*this, record); }
  template <class... Values>
  requires(sizeof...(Values) > 1) void operator()(Values const&... values) { (operator()(values), ...); }
  std::string take() { return std::move(bytes_); }

 private:
  void raw(void const* from, std::size_t size) { bytes_.append(static_cast<char const*>(from), size); }
  std::string bytes_;
};

/// Reads them back. Throws std::runtime_error when the record ends too early.
class RecordReader {
 public:
  explicit RecordReader(std::string const& bytes) : bytes_(bytes) {}
  void operator()(double& value) { raw(&value, sizeof value); }
  void operator()(Index& value) { raw(&value, sizeof value); }
  void operator()(std::string& text) {
    text.resize(count());
    raw(text.data(), text.size());
  }
  template <class T>
  void operator()(std::vector<T>& values) {
    values.resize(count());
    for (auto& value : values) operator()(value);
  }
  template <class T>
  requires(std::is_enum_v<T> || std::is_same_v<T, bool>) void operator()(T& value) {
    Index number = 0;
    operator()(number);
    value = static_cast<T>(number);
  }
  template <class T>
  void operator()(std::optional<T>& value) {
    bool has = false;
    operator()(has);
    value.reset();
    if (has) operator()(value.emplace());
  }
  template <class T>
  void operator()(std::map<std::string, T>& entries) {
    entries.clear();
    for (std::size_t left = count(); left > 0; --left) {
      std::pair<std::string, T> entry;
      operator()(entry.first, entry.second);
      entries.insert(entries.end(), std::move(entry));
    }
  }
  template <class First, class Second>
  void operator()(std::variant<First, Second>& either) {
    bool second = false;
    operator()(second);
    if (second)
      operator()(either.template emplace<1>());
    else
      operator()(either.template emplace<0>());
  }
  template <class T>
  requires std::is_class_v<T>
  void operator()(T& record) { fields(*this, record); }
  template <class... Values>
  requires(sizeof...(Values) > 1) void operator()(Values&... values) { (operator()(values), ...); }
  bool at_end() const { return position_ == bytes_.size(); }

 private:
  std::size_t count() {
    Index size = 0;
    operator()(size);
    if (size < 0 || static_cast<std::size_t>(size) > bytes_.size() - position_) broken();
    return static_cast<std::size_t>(size);
  }
  void raw(void* to, std::size_t size) {
    if (size > bytes_.size() - position_) broken();
    if (size > 0) std::memcpy(to, bytes_.data() + position_, size);
    position_ += size;
  }
  [[noreturn]] static void broken() { throw std::runtime_error("a record ends before its values do"); }

  std::string const& bytes_;
  std::size_t position_ = 0;
};

}  // namespace confer
