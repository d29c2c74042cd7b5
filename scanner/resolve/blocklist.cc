#include "scanner/resolve/blocklist.h"

#include <algorithm>
#include <charconv>
#include <cstring>

#include "io/check.h"

namespace mxscan {
namespace {

constexpr size_t kChunkSize = 64 << 10;
constexpr NameView kArpa{"\4arpa\0", 6};
constexpr NameView kInAddrArpa{"\7in-addr\4arpa\0", 14};
constexpr NameView kIp6Arpa{"\3ip6\4arpa\0", 10};

// Where the labels of a name begin, the root's not counted.
struct Labels {
  uint8_t offsets[kLabelCountMax];
  size_t count = 0;
  explicit Labels(NameView name) {
    for (size_t at = 0; name[at] != 0; at += static_cast<uint8_t>(name[at]) + size_t{1}) {
      offsets[count++] = static_cast<uint8_t>(at);
    }
  }
};

// A label of a reverse name: an octet in decimal digits, or a nibble.
bool ReadReverseLabel(std::string_view label, int base, int max, int* value) {
  const auto [end, error] = std::from_chars(label.data(), label.data() + label.size(), *value, base);
  return error == std::errc() && end == label.data() + label.size() && *value >= 0 && *value <= max;
}

// The addresses that `name`, which is under `tree`, speaks of: as far as its labels, read from the tree on, are octets
// or nibbles. A length of 0 where the first is none.
IpPrefix PrefixOfReverseName(NameView name, const Labels& labels, NameView tree) {
  const bool is_v4 = tree.size() == kInAddrArpa.size();
  const size_t tree_labels = 2;
  const size_t whole = is_v4 ? 4 : 32;
  uint8_t octets[16] = {};
  size_t read = 0;
  for (; read < whole && tree_labels + read < labels.count; ++read) {
    const size_t at = labels.offsets[labels.count - tree_labels - read - 1];
    const std::string_view label = name.substr(at + 1, static_cast<uint8_t>(name[at]));
    int value = 0;
    if (!ReadReverseLabel(label, is_v4 ? 10 : 16, is_v4 ? 255 : 15, &value)) break;
    if (is_v4) {
      octets[read] = static_cast<uint8_t>(value);
    } else {
      octets[read / 2] |= static_cast<uint8_t>(read % 2 == 0 ? value << 4 : value);
    }
  }
  const int length = static_cast<int>(read) * (is_v4 ? 8 : 4);
  return {is_v4 ? IpAddress::V4(octets) : IpAddress::V6(octets), length};
}

}  // namespace

void Blocklist::AddName(NameView name) {
  MXSCAN_CHECK(name.size() > 1 && name.size() <= kNameSizeMax);
  if (names_.contains(name)) return;
  if (chunk_left_ < name.size()) {
    chunks_.push_back(std::make_unique<char[]>(kChunkSize));
    chunk_left_ = kChunkSize;
  }
  char* const octets = chunks_.back().get() + (kChunkSize - chunk_left_);
  std::memcpy(octets, name.data(), name.size());
  chunk_left_ -= name.size();
  names_.insert(std::string_view(octets, name.size()));
  const size_t labels = CountLabels(name);
  labels_min_ = std::min(labels_min_, labels);
  labels_max_ = std::max(labels_max_, labels);
}

void Blocklist::Seal() { prefixes_.Seal(); }

bool Blocklist::Blocks(NameView name) const {
  const Labels labels(name);
  for (size_t count = labels_min_; count <= std::min(labels_max_, labels.count); ++count) {
    if (names_.contains(name.substr(labels.offsets[labels.count - count]))) return true;
  }
  if (prefixes_.empty() || labels.count < 3 || !name.ends_with(kArpa)) return false;
  // A name of the reverse tree: what does it speak of?
  const NameView tree = name.substr(labels.offsets[labels.count - 2]);
  if (tree != kInAddrArpa && tree != kIp6Arpa) return false;
  const IpPrefix prefix = PrefixOfReverseName(name, labels, tree);
  const int bits = static_cast<int>(prefix.address.size()) * 8;
  if (prefix.length == bits) return prefixes_.Contains(prefix.address);
  return prefix.length > 0 && prefixes_.Covers(prefix);
}

void BlocklistFeed::Publish(std::shared_ptr<const Blocklist> list) {
  const std::lock_guard<std::mutex> lock(mutex_);
  list_ = std::move(list);
  generation_.fetch_add(1, std::memory_order_release);
}

std::shared_ptr<const Blocklist> BlocklistFeed::Current() const {
  const std::lock_guard<std::mutex> lock(mutex_);
  return list_;
}

bool BlocklistView::Refresh() {
  if (feed_ == nullptr) return false;
  const uint32_t generation = feed_->generation();
  if (generation == generation_) return false;
  // A list that is published between these two lines is taken again at the next look.
  generation_ = generation;
  list_ = feed_->Current();
  return true;
}

}  // namespace mxscan
