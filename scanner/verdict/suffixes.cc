// The public suffix list: libpsl's data, in a table that answers in tens of nanoseconds.
//
// libpsl walks a packed automaton for every suffix of a name, which costs up to a microsecond a question, and each
// domain asks several. So the rules of the file that libpsl has loaded are kept as a tree of labels from the right, its
// edges in one hash table: (node, label) -> node. A question walks down from the top-level domain until no rule
// continues, usually two probes. Where the rules cannot be enumerated (libpsl fell back to its built-in data), libpsl
// itself is asked. Algorithm: https://publicsuffix.org/list/ with its default rule "*"; both sections of the list
// count.
#include <libpsl.h>

#include <cstdint>
#include <cstring>
#include <fstream>
#include <iterator>
#include <string>
#include <string_view>
#include <vector>

#include "io/check.h"
#include "scanner/verdict/dafsa.h"
#include "scanner/verdict/verdict.h"

namespace mxscan {
namespace {

// The rules as a tree of labels from the right.
class RuleTree {
 public:
  RuleTree() : nodes_(1), table_(kTableSizeMin) {}

  bool empty() const { return nodes_.size() == 1; }

  // `word` is a rule without its mark, labels joined by dots. Rules with an empty or too long label match no name.
  void Add(std::string_view word, int flags) {
    uint32_t node = 0;
    while (true) {
      const size_t dot = word.rfind('.');
      const std::string_view label = dot == std::string_view::npos ? word : word.substr(dot + 1);
      if (label.empty() || label.size() > kLabelSizeMax) return;
      node = FindOrAdd(node, label);
      if (dot == std::string_view::npos) break;
      word = word.substr(0, dot);
    }
    nodes_[node].is_rule = true;
    nodes_[node].is_exception = (flags & kSuffixException) != 0;
    nodes_[node].is_wildcard = (flags & kSuffixWildcard) != 0;
  }

  // How many labels the longest public suffix of a name has by a rule of the list; 0 for none. `label(i)` is its label
  // number i from the right.
  template <typename LabelAt>
  size_t SuffixLabels(size_t label_count, LabelAt label) const {
    size_t suffix = 0;
    uint32_t node = 0;
    for (size_t i = 0; i < label_count; ++i) {
      const uint32_t child = Find(node, label(i));
      const bool is_rule = child != 0 && nodes_[child].is_rule;
      if (is_rule ? !nodes_[child].is_exception : nodes_[node].is_wildcard) suffix = i + 1;
      if (child == 0) break;
      node = child;
    }
    return suffix;
  }

 private:
  struct Node {
    uint32_t parent = 0;
    uint32_t label_offset = 0;
    uint64_t tail = 0;  // Tail(label): the whole label where it has at most 8 octets
    uint8_t label_size = 0;
    bool is_rule = false;
    bool is_exception = false;
    bool is_wildcard = false;  // "*." before it
  };
  static constexpr size_t kTableSizeMin = 1024;
  static constexpr size_t kTailSize = 8;

  template <typename Word>
  static uint64_t Load(const char* octets) {
    Word word;
    std::memcpy(&word, octets, sizeof(word));
    return word;
  }

  // The last octets of a label as a number, which together with the size says all of a label of at most 8 octets.
  static uint64_t Tail(std::string_view label) {
    const char* octets = label.data();
    const size_t size = label.size();
    if (size >= kTailSize) return Load<uint64_t>(octets + size - kTailSize);
    if (size >= 4) return Load<uint32_t>(octets) | Load<uint32_t>(octets + size - 4) << 32;
    return Load<uint8_t>(octets) | Load<uint8_t>(octets + size / 2) << 8 | Load<uint8_t>(octets + size - 1) << 16;
  }

  static size_t Hash(uint32_t parent, std::string_view label, uint64_t tail) {
    constexpr uint64_t kOdd = 0x9E3779B97F4A7C15;
    uint64_t hash = (tail ^ (uint64_t{parent} << 8 | label.size())) * kOdd;
    for (size_t i = 0; i + kTailSize < label.size(); i += kTailSize) {
      hash ^= hash >> 32;
      hash = (hash ^ Load<uint64_t>(label.data() + i)) * kOdd;
    }
    return static_cast<size_t>(hash >> 32);
  }

  bool IsEdge(const Node& node, uint32_t parent, std::string_view label, uint64_t tail) const {
    if (node.parent != parent || node.tail != tail || node.label_size != label.size()) return false;
    return label.size() <= kTailSize ||
           std::memcmp(labels_.data() + node.label_offset, label.data(), label.size()) == 0;
  }

  // The place of (parent, label) in the table: where it is, or the empty place where it would be.
  size_t PlaceOf(uint32_t parent, std::string_view label) const {
    const uint64_t tail = Tail(label);
    size_t place = Hash(parent, label, tail) & (table_.size() - 1);
    while (table_[place] != 0 && !IsEdge(nodes_[table_[place]], parent, label, tail)) {
      place = (place + 1) & (table_.size() - 1);
    }
    return place;
  }

  uint32_t Find(uint32_t parent, std::string_view label) const { return table_[PlaceOf(parent, label)]; }

  uint32_t FindOrAdd(uint32_t parent, std::string_view label) {
    const size_t place = PlaceOf(parent, label);
    if (table_[place] != 0) return table_[place];
    Node node;
    node.parent = parent;
    node.label_offset = static_cast<uint32_t>(labels_.size());
    node.label_size = static_cast<uint8_t>(label.size());
    node.tail = Tail(label);
    labels_.append(label);
    const uint32_t index = static_cast<uint32_t>(nodes_.size());
    nodes_.push_back(node);
    table_[place] = index;
    if (nodes_.size() * 4 > table_.size()) Grow();
    return index;
  }

  void Grow() {
    table_.assign(table_.size() * 2, 0);
    for (uint32_t index = 1; index < nodes_.size(); ++index) {
      const Node& node = nodes_[index];
      table_[PlaceOf(node.parent, std::string_view(labels_.data() + node.label_offset, node.label_size))] = index;
    }
  }

  std::vector<Node> nodes_;      // node 0 is the root
  std::vector<uint32_t> table_;  // node numbers, 0 for an empty place; a power of two, at most a quarter full
  std::string labels_;
};

// A wire name as the C string that libpsl takes, without the trailing dot. Text offset i is wire offset i + 1, so the
// label that begins at text offset i has its length octet at wire offset i. Octets that would read as structure or as
// UTF-8 become "?", which no rule holds.
class PslText {
 public:
  explicit PslText(NameView name) {
    size_t next = 0;  // offset of the next length octet
    for (size_t i = 0; i + 1 < name.size(); ++i) {
      const uint8_t octet = static_cast<uint8_t>(name[i]);
      if (i == next) {
        next += octet + size_t{1};
        if (i > 0) text_[i - 1] = '.';
      } else {
        text_[i - 1] = octet > ' ' && octet < 127 && octet != '.' && octet != '*' && octet != '!' ? name[i] : '?';
      }
    }
    text_[name.size() >= 2 ? name.size() - 2 : 0] = '\0';
  }
  const char* c_str() const { return text_; }

 private:
  char text_[kNameSizeMax];
};

// Where the labels of a name begin.
class Labels {
 public:
  explicit Labels(NameView name) : name_(name) {
    for (size_t offset = 0; offset + 1 < name.size(); offset += 1 + static_cast<uint8_t>(name[offset])) {
      MXSCAN_CHECK(count_ < kLabelCountMax);
      starts_[count_++] = static_cast<uint8_t>(offset);
    }
  }
  size_t size() const { return count_; }
  std::string_view FromRight(size_t i) const {
    const size_t start = starts_[count_ - 1 - i];
    return name_.substr(start + 1, static_cast<uint8_t>(name_[start]));
  }
  // The suffix of `label_count` labels.
  NameView Suffix(size_t label_count) const { return name_.substr(starts_[count_ - label_count]); }

 private:
  NameView name_;
  size_t count_ = 0;
  uint8_t starts_[kLabelCountMax];
};

bool ReadRules(const char* path, RuleTree* rules) {
  std::ifstream stream(path, std::ios::binary);
  const std::string file((std::istreambuf_iterator<char>(stream)), std::istreambuf_iterator<char>());
  RuleTree tree;
  if (!VisitDafsa(file, [&](std::string_view word, int flags) { tree.Add(word, flags); })) return false;
  *rules = std::move(tree);
  return true;
}

}  // namespace

struct Suffixes::Impl {
  Impl() : loaded(psl_latest(nullptr)) {
    list = loaded != nullptr ? loaded : psl_builtin();
    MXSCAN_CHECK(list != nullptr);
    // libpsl's built-in data has no file to enumerate; it may be newer than the system's.
    if (list == psl_builtin() || psl_dist_filename() == nullptr) return;
    if (!ReadRules(psl_dist_filename(), &rules) || !Agrees()) rules = RuleTree();
  }
  ~Impl() { psl_free(loaded); }  // of the built-in list: does nothing
  Impl(const Impl&) = delete;
  Impl& operator=(const Impl&) = delete;

  // A last look that the table and libpsl speak of the same list.
  bool Agrees() const {
    bool agrees = !rules.empty();
    for (std::string_view text : {"com", "co.uk", "example.com", "x.ck", "www.ck"}) {
      Name name;
      agrees = agrees && ParseName(text, &name) == NameError::kNone;
      const bool listed = psl_is_public_suffix2(list, PslText(name).c_str(), kRulesOnly) != 0;
      agrees = agrees && listed == IsListed(name);
    }
    return agrees;
  }

  bool IsListed(NameView name) const {
    const Labels labels(name);
    return labels.size() > 0 && SuffixLabels(labels) == labels.size();
  }
  size_t SuffixLabels(const Labels& labels) const {
    return rules.SuffixLabels(labels.size(), [&](size_t i) { return labels.FromRight(i); });
  }

  static constexpr int kRulesOnly = PSL_TYPE_ANY | PSL_TYPE_NO_STAR_RULE;
  psl_ctx_t* loaded;
  const psl_ctx_t* list = nullptr;
  RuleTree rules;
};

Suffixes::Suffixes() : impl_(new Impl) {}
Suffixes::~Suffixes() { delete impl_; }

NameView Suffixes::Registrable(NameView name) const {
  if (name.size() <= 1 || LastLabel(name) == "arpa") return {};
  if (impl_->rules.empty()) {
    const PslText text(name);
    const char* registrable = psl_registrable_domain(impl_->list, text.c_str());
    return registrable == nullptr ? NameView() : name.substr(static_cast<size_t>(registrable - text.c_str()));
  }
  const Labels labels(name);
  const size_t listed = impl_->SuffixLabels(labels);
  const size_t suffix = listed > 0 ? listed : 1;  // the default rule
  return suffix < labels.size() ? labels.Suffix(suffix + 1) : NameView();
}

bool Suffixes::IsPublicSuffix(NameView name) const {
  if (name.size() <= 1) return false;
  if (impl_->rules.empty()) return psl_is_public_suffix2(impl_->list, PslText(name).c_str(), Impl::kRulesOnly) != 0;
  return impl_->IsListed(name);
}

}  // namespace mxscan
