#include "confer/io/content_hash.hpp"

#include <xxhash.h>

#include <array>
#include <cstdio>
#include <new>

namespace confer {

namespace {

std::string digits(XXH128_hash_t const& hash) {
  std::array<char, 33> buffer{};
  std::snprintf(buffer.data(), buffer.size(), "%016llx%016llx", static_cast<unsigned long long>(hash.high64),
                static_cast<unsigned long long>(hash.low64));
  return buffer.data();
}

}  // namespace

std::string content_key(std::string_view text) { return digits(XXH3_128bits(text.data(), text.size())); }

struct ContentHash::State {
  std::unique_ptr<XXH3_state_t, decltype(&XXH3_freeState)> hash{XXH3_createState(), &XXH3_freeState};
};

ContentHash::ContentHash() : state_(std::make_unique<State>()) {
  if (!state_->hash) throw std::bad_alloc();
  XXH3_128bits_reset(state_->hash.get());
}

ContentHash::~ContentHash() = default;

void ContentHash::add(std::string_view piece) { XXH3_128bits_update(state_->hash.get(), piece.data(), piece.size()); }

std::string ContentHash::key() const { return digits(XXH3_128bits_digest(state_->hash.get())); }

}  // namespace confer
