/// Short texts that stand for long ones: keys of stores, fingerprints of jobs.
#pragma once

#include <memory>
#include <string>
#include <string_view>

namespace confer {

/// Text of 32 hexadecimal digits that stands for `text`.
std::string content_key(std::string_view text);

/// The same of a text that comes piece by piece, and is never held as a whole.
class ContentHash {
 public:
  ContentHash();
  ~ContentHash();
  ContentHash(ContentHash const&) = delete;
  ContentHash& operator=(ContentHash const&) = delete;

  void add(std::string_view piece);
  /// content_key of all pieces one after the other.
  std::string key() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace confer
