// Numbers to names and back, the list, and the forward tree. The reverse tree is in reverse.cc, the wire in respond.cc.
#include "tests/world/world.h"

#include <algorithm>
#include <cmath>

#include "io/check.h"
#include "tests/world/place.h"

namespace mxscan::world {

namespace {

constexpr std::string_view kConsonants = "bcdfghjklmnpqrstvwxz";
constexpr std::string_view kVowels = "aeiou";
constexpr uint64_t kLabelSpace = 100'000'000;  // four syllables of a hundred
constexpr size_t kSyllables = 4;
constexpr std::string_view kDomainEnd = "n";
constexpr std::string_view kProviderEnd = "post";
constexpr std::string_view kGoneEnd = "gone";  // never exists
// Addresses: 11.0.0.0 to 98.255.255.255 in blocks of four; no special-purpose range lies in between.
constexpr uint64_t kBlockSpace = 369'098'752;
constexpr uint32_t kHostTtl = 3600;
constexpr uint32_t kKindStep = 500;   // ppm; grain of the table that finds a kind
constexpr size_t kRejectKept = 1024;  // octets of a reject that the dataset keeps

constexpr std::string_view kSuffixes[] = {
    "com",    "net",    "org",     "info",   "biz",     "de",     "fr",     "nl",     "it",     "es",
    "pl",     "ru",     "se",      "ch",     "at",      "be",     "dk",     "cz",     "no",     "fi",
    "pt",     "gr",     "hu",      "ro",     "ca",      "us",     "in",     "io",     "co",     "me",
    "tv",     "eu",     "co.uk",   "com.sg", "com.au",  "co.jp",  "com.br", "co.za",  "co.nz",  "com.tr",
    "com.mx", "com.cn", "zorblax", "quenth", "velmari", "droshk", "plimsy", "orvokk", "tarnel", "wexelo"};
constexpr size_t kSuffixCount = std::size(kSuffixes);

void AppendSyllables(uint64_t value, std::string_view end, WireName* name) {
  char label[2 * kSyllables + 8];
  for (size_t i = kSyllables; i-- > 0;) {
    label[2 * i] = kConsonants[value % 100 / 5];
    label[2 * i + 1] = kVowels[value % 5];
    value /= 100;
  }
  std::copy(end.begin(), end.end(), label + 2 * kSyllables);
  name->AddLabel({label, 2 * kSyllables + end.size()});
}

constexpr auto kLetterValues = [] {
  std::array<int8_t, 256> values{};
  for (auto& value : values) value = -1;
  for (size_t i = 0; i < kConsonants.size(); ++i) {
    values[static_cast<unsigned char>(kConsonants[i])] = static_cast<int8_t>(i);
  }
  return values;
}();

constexpr int VowelValue(char c) {
  const size_t at = kVowels.find(c);
  return at == std::string_view::npos ? -1 : static_cast<int>(at);
}

bool ParseSyllables(std::string_view label, std::string_view end, uint64_t* value) {
  if (label.size() != 2 * kSyllables + end.size() || !label.ends_with(end)) return false;
  *value = 0;
  for (size_t i = 0; i < kSyllables; ++i) {
    const int consonant = kLetterValues[static_cast<unsigned char>(label[2 * i])];
    const int vowel = VowelValue(label[2 * i + 1]);
    if (consonant < 0 || vowel < 0) return false;
    *value = *value * 100 + static_cast<uint64_t>(consonant * 5 + vowel);
  }
  return true;
}

// The suffixes by their labels, packed into a word each: one probe a label.
struct SuffixTable {
  struct Entry {
    uint64_t last = 0;    // the last label
    uint64_t second = 0;  // the one before it; 0: none
    uint8_t suffix = 0;
    bool used = false;
  };
  std::array<Entry, 256> entries;

  static uint64_t Pack(std::string_view label) {
    if (label.size() > 8) return 0;
    uint64_t word = 0;
    std::memcpy(&word, label.data(), label.size());
    return word;
  }
  const Entry* Find(uint64_t last, uint64_t second) const {
    for (size_t at = Mix(last ^ (second << 1)) % entries.size(); entries[at].used; at = (at + 1) % entries.size()) {
      if (entries[at].last == last && entries[at].second == second) return &entries[at];
    }
    return nullptr;
  }
  void Add(uint64_t last, uint64_t second, uint8_t suffix) {
    size_t at = Mix(last ^ (second << 1)) % entries.size();
    while (entries[at].used) at = (at + 1) % entries.size();
    entries[at] = {last, second, suffix, true};
  }
  SuffixTable() {
    for (size_t i = 0; i < kSuffixCount; ++i) {
      const size_t dot = kSuffixes[i].find('.');
      if (dot == std::string_view::npos) {
        Add(Pack(kSuffixes[i]), 0, static_cast<uint8_t>(i));
      } else {
        const uint64_t last = Pack(kSuffixes[i].substr(dot + 1));
        if (Find(last, 0) == nullptr) Add(last, 0, kBare);
        Add(last, Pack(kSuffixes[i].substr(0, dot)), static_cast<uint8_t>(i));
      }
    }
  }
  static constexpr uint8_t kBare = 255;  // "uk": a suffix, but no domain stands right under it
};

}  // namespace

std::span<const std::string_view> Suffixes() { return kSuffixes; }

void FindSuffix(std::string_view wire, const Labels& labels, size_t* suffix, int* suffix_labels) {
  static const SuffixTable table;
  *suffix_labels = 0;
  const uint64_t last = SuffixTable::Pack(LabelAt(wire, labels.offset[labels.count - 1]));
  const SuffixTable::Entry* entry = table.Find(last, 0);
  if (entry != nullptr) {
    *suffix = entry->suffix;
    *suffix_labels = 1;
  }
  if (labels.count < 2) return;
  entry = table.Find(last, SuffixTable::Pack(LabelAt(wire, labels.offset[labels.count - 2])));
  if (entry == nullptr || entry->second == 0) return;
  *suffix = entry->suffix;
  *suffix_labels = 2;
}

World::World(const Options& options)
    : options_(options),
      provider_count_(std::clamp<uint64_t>(options.size / 400, 16, 40000)),
      provider_log2_(std::log2(static_cast<double>(provider_count_) + 1.0)),
      junk_period_(options.junk_share > 0.0
                       ? std::max<uint64_t>(1, static_cast<uint64_t>(std::llround(1.0 / options.junk_share)) - 1)
                       : 0),
      labels_(kLabelSpace, 37'564'219, Mix(options.seed, 'l', 0)),
      provider_labels_(kLabelSpace, 73'856'093, Mix(options.seed, 'q', 0)),
      blocks_(kBlockSpace, 214'013'259, Mix(options.seed, 'b', 0)),
      order_(Mix(options.seed, 'o', 0), options.size),
      plans_(Plans()) {
  MXSCAN_CHECK(options.size >= 1 && options.size <= kSizeMax);
  MXSCAN_CHECK(options.junk_share >= 0.0 && options.junk_share <= 0.5);
  uint64_t sum = 0;
  for (const Plan& plan : Plans()) {
    const double scale = plan.ordinary ? 1.0 : options.planted_scale;
    sum += static_cast<uint64_t>(std::llround(plan.share_ppm * scale));
    kind_limits_.push_back(static_cast<uint32_t>(std::min<uint64_t>(sum, 1'000'000)));
  }
  kind_limits_.back() = 1'000'000;
  for (uint32_t ppm = 0; ppm < 1'000'000; ppm += kKindStep) {
    const auto at = std::upper_bound(kind_limits_.begin(), kind_limits_.end(), ppm);
    kind_starts_.push_back(static_cast<uint16_t>(at - kind_limits_.begin()));
  }
}

// --- names

size_t World::PickSuffix(uint64_t hash) const {
  // Two of five under com; the others fall off with their place in the list.
  if (hash % 5 < 2) return 0;
  const uint64_t a = (hash >> 8) % kSuffixCount;
  const uint64_t b = (hash >> 32) % kSuffixCount;
  return static_cast<size_t>(std::min(a, b));
}

const Plan& World::PlanOf(uint64_t i) const {
  const auto ppm = static_cast<uint32_t>(Mix(options_.seed, 'k', i) % 1'000'000);
  size_t kind = kind_starts_[ppm / kKindStep];
  while (kind_limits_[kind] <= ppm) ++kind;
  return plans_[kind];
}

uint64_t World::ProviderOf(uint64_t i) const {
  // Zipf's law with exponent 1: the logarithm of the rank is uniform.
  const double u = static_cast<double>(Mix(options_.seed, 'p', i) >> 11) * 0x1p-53;
  const auto rank = static_cast<uint64_t>(std::exp2(u * provider_log2_));
  return std::min(std::max<uint64_t>(rank, 1), provider_count_) - 1;
}

void World::AddDomainApex(uint64_t i, const Plan& plan, WireName* name) const {
  AppendSyllables(labels_.Apply(i), kDomainEnd, name);
  if (plan.form != NameForm::kTld) name->AddLabels(kSuffixes[PickSuffix(Mix(options_.seed, 't', i))]);
  name->Finish();
}

void World::AddProvider(uint64_t p, WireName* name) const {
  AppendSyllables(provider_labels_.Apply(p), kProviderEnd, name);
  name->AddLabels(kSuffixes[p == 0 ? 0 : PickSuffix(Mix(options_.seed, 'u', p))]);
  name->Finish();
}

void World::DomainWire(uint64_t i, WireName* name) const {
  MXSCAN_CHECK(i < options_.size);
  const Plan& plan = PlanOf(i);
  name->Clear();
  if (plan.form == NameForm::kSub) name->AddLabel("dept");
  AddDomainApex(i, plan, name);
}

std::string World::DomainName(uint64_t i) const {
  WireName name;
  DomainWire(i, &name);
  std::string text = ToText(name.view());
  text.pop_back();
  return text;
}

bool World::Locate(std::string_view wire, Place* place) const {
  place->labels = SplitLabels(wire);
  const Labels& labels = place->labels;
  if (labels.count == 0) return true;  // the root
  const std::string_view last = LabelAt(wire, labels.offset[labels.count - 1]);
  if (last == "arpa") {
    place->entity = Entity::kArpa;
    place->apex_offset = labels.offset[std::max(0, labels.count - 2)];
    return true;
  }
  int suffix_labels = 0;
  size_t suffix = 0;
  FindSuffix(wire, labels, &suffix, &suffix_labels);
  const int own = labels.count - suffix_labels;
  place->apex_offset = labels.offset[labels.count - 1];
  if (own == 0) {
    place->entity = Entity::kSuffix;
    return true;
  }
  // A name under no suffix of the list may stand under a domain that is a top-level domain itself.
  const uint8_t apex = labels.offset[suffix_labels == 0 ? labels.count - 1 : own - 1];
  const std::string_view label = LabelAt(wire, apex);
  uint64_t value = 0;
  if (ParseSyllables(label, kDomainEnd, &value)) {
    const uint64_t i = labels_.Invert(value);
    if (i >= options_.size) return false;
    const Plan& plan = PlanOf(i);
    if ((plan.form == NameForm::kTld) != (suffix_labels == 0)) return false;
    if (suffix_labels != 0 && PickSuffix(Mix(options_.seed, 't', i)) != suffix) return false;
    place->entity = Entity::kDomain;
    place->index = i;
    place->plan = &plan;
  } else if (suffix_labels != 0 && ParseSyllables(label, kProviderEnd, &value)) {
    const uint64_t p = provider_labels_.Invert(value);
    if (p >= provider_count_) return false;
    if ((p == 0 ? 0 : PickSuffix(Mix(options_.seed, 'u', p))) != suffix) return false;
    place->entity = Entity::kProvider;
    place->index = p;
  } else {
    return false;
  }
  place->apex_offset = apex;
  return true;
}

bool World::OwnerIndex(std::string_view wire, uint64_t* i) const {
  Place place;
  if (!Locate(wire, &place) || place.entity != Entity::kDomain) return false;
  *i = place.index;
  return true;
}

bool World::DomainIndex(std::string_view wire, uint64_t* i) const {
  if (!OwnerIndex(wire, i)) return false;
  WireName name;
  DomainWire(*i, &name);
  return name.view() == wire;
}

// --- the list

uint64_t World::LineCount() const { return options_.size + (junk_period_ == 0 ? 0 : options_.size / junk_period_); }

uint64_t World::LineNumber(uint64_t i) const {
  const uint64_t position = order_.Invert(i);
  return position + 1 + (junk_period_ == 0 ? 0 : position / junk_period_);
}

std::string World::InputToken(uint64_t i) const {
  std::string text = DomainName(i);
  if (junk_period_ == 0) return text;
  switch (Mix(options_.seed, 'v', i) % 64) {
    case 0:
      std::transform(text.begin(), text.end(), text.begin(),
                     [](char c) { return c >= 'a' && c <= 'z' ? static_cast<char>(c - 32) : c; });
      return text;
    case 1:
      return text + ".";
    default:
      return text;
  }
}

ListLine World::Line(uint64_t number) const {
  MXSCAN_CHECK(number >= 1 && number <= LineCount());
  ListLine line;
  uint64_t position = number - 1;
  if (junk_period_ != 0) {
    const uint64_t round = position / (junk_period_ + 1);
    if (position % (junk_period_ + 1) == junk_period_) {
      line.text = JunkText(round, &line);
      return line;
    }
    position -= round;
  }
  line.index = order_.Apply(position);
  line.token = InputToken(line.index);
  line.text = line.token;
  if (junk_period_ != 0) {
    const uint64_t spelling = Mix(options_.seed, 'w', line.index) % 64;
    if (spelling == 0) line.text = "  " + line.token + "\t";
    if (spelling == 1) line.text += "\r";
  }
  return line;
}

// The text of a junk line, which stands after (junk + 1) * junk_period_ domains.
std::string World::JunkText(uint64_t junk, ListLine* line) const {
  struct Reject {
    std::string_view reason;
    std::string text;
  };
  static const std::vector<Reject> rejects = {
      {"empty_label", "a..b.com"},
      {"label_too_long", std::string(64, 'a') + ".com"},
      {"name_too_long",
       [] {
         std::string text;
         for (int i = 0; i < 32; ++i) text += "abcdefgh.";
         return text + "com";
       }()},
      {"not_a_name", "foo!bar.com"},
      {"idna",
       "\xcc\x81"
       "abc.com"},
      {"url", "http://www.example.com/index.html"},
      {"email_address", "someone@example.com"},
      {"address", "192.0.2.1"},
      {"bad_utf8",
       "\xff\xfe"
       "abc.com"},
      {"line_too_long", std::string(70'000, 'x')},
      {"control_character",
       "ab\x01"
       "c.com"},
  };
  const uint64_t hash = Mix(options_.seed, 'j', junk);
  const uint64_t before = (junk + 1) * junk_period_;
  switch (hash % 4) {
    case 0:
      line->kind = LineKind::kBlank;
      return (hash >> 8) % 2 == 0 ? "" : "   ";
    case 1:
      line->kind = LineKind::kComment;
      return "# a comment, number " + std::to_string(junk);
    case 2: {
      line->kind = LineKind::kDuplicate;
      line->index = order_.Apply((hash >> 8) % before);
      line->token = DomainName(line->index);
      if ((hash >> 4) % 2 == 0) line->token[0] = static_cast<char>(line->token[0] - 32);
      return line->token;
    }
    default: {
      const Reject& reject = rejects[(hash >> 8) % rejects.size()];
      line->kind = LineKind::kReject;
      line->reason = reject.reason;
      line->token = reject.text.substr(0, kRejectKept);
      return reject.text;
    }
  }
}

// --- the forward tree

void World::Find(std::string_view wire, uint16_t type, Node* node) const {
  node->rcode = Rcode::kNoError;
  node->silent = node->truncated = node->alias = node->dname = node->coexists = node->bogus = false;
  node->extended_error = -1;
  node->count = 0;
  node->record_twice = false;
  node->ttl = node->last_ttl = kHostTtl;
  node->zone_offset = static_cast<uint8_t>(wire.size() - 1);
  Place place;
  const bool exists = Locate(wire, &place);
  if (place.labels.count != 0) node->zone_offset = place.apex_offset;
  if (!exists) {
    node->rcode = Rcode::kNxDomain;
    return;
  }
  switch (place.entity) {
    case Entity::kRoot:
    case Entity::kSuffix:
      return;
    case Entity::kArpa:
      return FindReverse(wire, place.labels, type, node);
    case Entity::kDomain:
      return FindUnderDomain(wire, place, type, node);
    case Entity::kProvider:
      return FindUnderProvider(wire, place, type, node);
  }
}

namespace {

void Fail(Rcode rcode, Node* node) { node->rcode = rcode; }

// The failures of a whole domain. False: it does not fail.
bool FailWay(Way way, Node* node) {
  switch (way) {
    case Way::kNxDomain:
      Fail(Rcode::kNxDomain, node);
      return true;
    case Way::kServFail:
      Fail(Rcode::kServFail, node);
      return true;
    case Way::kRefused:
      Fail(Rcode::kRefused, node);
      return true;
    case Way::kFormErr:
      Fail(Rcode::kFormErr, node);
      return true;
    case Way::kNotImp:
      Fail(Rcode::kNotImp, node);
      return true;
    case Way::kTimeout:
      node->silent = true;
      return true;
    case Way::kTruncated:
      node->truncated = true;
      return true;
    default:
      return false;
  }
}

}  // namespace

void World::FindUnderDomain(std::string_view wire, const Place& place, uint16_t type, Node* node) const {
  const uint64_t i = place.index;
  const Plan& plan = *place.plan;
  node->zone_offset = place.apex_offset;
  // The zone of a domain that does not exist is its parent.
  if (plan.way == Way::kNxDomain && plan.form != NameForm::kTld) {
    node->zone_offset = place.labels.offset[place.labels.count - 1];
  }
  node->bogus = plan.bogus;
  node->extended_error = plan.extended_error;
  if (FailWay(plan.way, node)) return;
  if (plan.way == Way::kDname) {
    if (place.apex_offset == 0) return;  // the owner of the DNAME itself
    node->alias = node->dname = true;
    node->dname_offset = place.apex_offset;
    node->dname_target.Clear();
    node->dname_target.AddLabels(plan.target);
    AddProvider(ProviderOf(i), &node->dname_target);
    node->target.Clear();
    node->target.AddSuffix(wire.substr(0, place.apex_offset));
    node->target.AddSuffix(node->dname_target.view());
    return;
  }
  // Where d begins in the name: at the apex, or one label before it.
  size_t start = place.apex_offset;
  if (plan.form == NameForm::kSub) {
    if (start == 0) return;  // the parent of d
    constexpr std::string_view kSubLabel("\4dept", 5);
    start -= std::min(start, kSubLabel.size());
    if (wire.substr(start, kSubLabel.size()) != kSubLabel) {
      if (plan.wildcard < Wildcard::kBeside) return Fail(Rcode::kNxDomain, node);
      WireName domain;
      DomainWire(i, &domain);
      return FillWildcard(i, plan, domain.view(), type, node);
    }
  }
  const std::string_view domain = wire.substr(start);
  if (start == 0) return FindDomain(wire, i, plan, place.apex_offset, type, node);
  const std::string_view prefix = wire.substr(0, start);
  for (size_t h = 0; h < plan.hosts.size(); ++h) {
    const Host& host = plan.hosts[h];
    const bool below_dname = host.alias == HostAlias::kDname && prefix.ends_with(std::string_view("\2dn", 3));
    if (prefix == host.label || below_dname ||
        (host.alias == HostAlias::kLoop && prefix.size() == host.label.size() + 3 && prefix.ends_with(host.label) &&
         prefix.starts_with(std::string_view("\2r1", 3)))) {
      return FindHost(wire, i, host, static_cast<int>(h), domain, type, node);
    }
  }
  if (plan.way == Way::kLoopThree) {
    if (prefix == std::string_view("\5ring1", 6) || prefix == std::string_view("\5ring2", 6)) {
      node->alias = true;
      node->target.Clear();
      if (prefix[5] == '1') node->target.AddLabel("ring2");
      node->target.AddSuffix(domain);
      return;
    }
  }
  constexpr size_t kTargetSize = 6;
  if (prefix.size() >= kTargetSize && prefix[prefix.size() - kTargetSize] == 5) {
    if (FindPtrTarget(prefix.substr(prefix.size() - 5), false, i, domain, type, node)) return;
  }
  const bool covered = plan.wildcard == Wildcard::kSynthesised ||
                       (plan.wildcard != Wildcard::kNone && plan.wildcard < Wildcard::kBeside);
  if (covered) return FillWildcard(i, plan, domain, type, node);
  Fail(Rcode::kNxDomain, node);
}

void World::FindDomain(std::string_view wire, uint64_t i, const Plan& plan, uint8_t zone_offset, uint16_t type,
                       Node* node) const {
  node->zone_offset = zone_offset;
  const auto alias_to = [this, i, node](std::string_view labels) {
    node->alias = true;
    node->target.Clear();
    node->target.AddLabels(labels);
    AddProvider(ProviderOf(i), &node->target);
  };
  switch (plan.way) {
    case Way::kAlias:
      return alias_to(plan.target);
    case Way::kLoopSelf:
      node->alias = true;
      node->target.Clear();
      node->target.AddSuffix(wire);
      return;
    case Way::kLoopThree:
      node->alias = true;
      node->target.Clear();
      node->target.AddLabel("ring1");
      node->target.AddSuffix(wire);
      return;
    case Way::kCoexists:
      alias_to(plan.target);
      node->coexists = type == kTypeMx;
      if (type == kTypeMx) FillMx(i, plan, wire, node);
      return;
    default:
      break;
  }
  if (type == kTypeMx && plan.way == Way::kMx) return FillMx(i, plan, wire, node);
  if (type == kTypeA) return FillFamily(plan.self_a, type, false, i, kSelfBlock, 0, node);
  if (type == kTypeAaaa) return FillFamily(plan.self_aaaa, type, false, i, kSelfBlock, 0, node);
}

void World::FindHost(std::string_view wire, uint64_t i, const Host& host, int index, std::string_view domain,
                     uint16_t type, Node* node) const {
  if (host.alias != HostAlias::kNone) return FindHostAlias(wire, i, host, domain, node);
  const int block = host.block < 0 ? index : host.block;
  if (type == kTypeA || type == kTypeAaaa) {
    if (host.ttl_zero) node->ttl = node->last_ttl = 0;
    return FillFamily(type == kTypeA ? host.a : host.aaaa, type, false, i, block, host.first, node);
  }
  // A name whose address lookups fail altogether fails for every type.
  if (host.a.how == host.aaaa.how && host.a.how != How::kData) FillFamily(host.a, type, false, i, block, 0, node);
}

void World::FindHostAlias(std::string_view wire, uint64_t i, const Host& host, std::string_view domain,
                          Node* node) const {
  const std::string_view prefix = wire.substr(0, wire.size() - domain.size());
  node->target.Clear();
  if (host.alias == HostAlias::kDname) {
    if (prefix.size() == 3) return;  // the owner of the DNAME
    node->alias = node->dname = true;
    node->dname_offset = static_cast<uint8_t>(prefix.size() - 3);
    node->dname_target.Clear();
    node->dname_target.AddLabel("farm");
    AddProvider(ProviderOf(i), &node->dname_target);
    node->target.AddSuffix(prefix.substr(0, prefix.size() - 3));
    node->target.AddSuffix(node->dname_target.view());
    return;
  }
  node->alias = true;
  const auto provider = [this, i, node](std::string_view labels) {
    node->target.AddLabels(labels);
    AddProvider(ProviderOf(i), &node->target);
  };
  switch (host.alias) {
    case HostAlias::kProvider:
      return provider("mx1");
    case HostAlias::kLong:
      return provider("leg8");
    case HostAlias::kEight:
      return provider("leg7");
    case HostAlias::kDangling:
      return provider("old");
    case HostAlias::kNoAddress:
      return provider("empty");
    case HostAlias::kLoop:
      if (prefix.size() == host.label.size()) node->target.AddLabel("r1");
      node->target.AddSuffix(host.label);
      node->target.AddSuffix(domain);
      return;
    default:
      node->target.AddLabel(host.alias == HostAlias::kOwn ? "real" : "void");
      node->target.AddSuffix(domain);
  }
}

World::Provider World::ProviderFacts(uint64_t p) const {
  const uint64_t hash = Mix(options_.seed, 'f', p);
  Provider provider;
  static constexpr uint8_t kCounts[] = {1, 1, 1, 1, 1, 1, 2, 2, 2, 2, 2, 2, 3, 3, 4, 5};
  provider.hosts = p < 8 ? static_cast<uint8_t>(2 + hash % 4) : kCounts[hash % 16];
  provider.dual = p < 8 || (hash >> 8) % 2 == 0;
  provider.addresses = static_cast<uint8_t>(1 + (hash >> 16) % 3);
  provider.equal = (hash >> 24) % 3 == 0;
  const uint64_t roll = p < 8 ? 0 : (hash >> 32) % 100;
  provider.reverse = roll < 80   ? Reverse::kMatch
                     : roll < 88 ? Reverse::kOther
                     : roll < 92 ? Reverse::kNxDomain
                     : roll < 95 ? Reverse::kTwo
                     : roll < 97 ? Reverse::kMismatch
                                 : Reverse::kGenericDecimal;
  return provider;
}

void World::FindUnderProvider(std::string_view wire, const Place& place, uint16_t type, Node* node) const {
  const uint64_t p = place.index;
  node->zone_offset = place.apex_offset;
  const std::string_view apex = wire.substr(place.apex_offset);
  const Provider facts = ProviderFacts(p);
  const Family a = Data(facts.addresses);
  const Family aaaa = facts.dual ? Data(1) : Family{};
  const auto addresses = [&](int block) {
    if (type == kTypeA) FillFamily(a, type, true, p, block, 0, node);
    if (type == kTypeAaaa) FillFamily(aaaa, type, true, p, block, 0, node);
  };
  const auto alias_to = [&](std::string_view label) {
    node->alias = true;
    node->target.Clear();
    node->target.AddLabel(label);
    node->target.AddSuffix(apex);
  };
  if (place.apex_offset == 0) return addresses(kWebBlock);
  const std::string_view first = LabelAt(wire, 0);
  const size_t depth = place.apex_offset - first.size() - 1;
  if (depth != 0 && wire.substr(first.size() + 1, depth) == std::string_view("\4farm", 5)) {
    if (first == "mail") return addresses(0);
    if (first == "dept") {
      if (type == kTypeMx) FillProviderMx(p, node);
      return;
    }
  }
  if (depth == 0) {
    const int digit = first.back() - '0';
    if (first.size() == 3 && first.starts_with("mx") && digit >= 1 && digit <= facts.hosts) return addresses(digit - 1);
    if (first == "hub") {
      if (type == kTypeMx) FillProviderMx(p, node);
      return;
    }
    if (first == "www") return addresses(kWebBlock);
    if (first == "empty" || first == "farm") return;
    if (first == "ringa") return alias_to("ringb");
    if (first == "ringb") return alias_to("ringa");
    if (first.size() == 4 && digit >= 1 && digit <= 9 && (first.starts_with("hop") || first.starts_with("leg"))) {
      if (digit == 1) return alias_to(first.starts_with("hop") ? "hub" : "mx1");
      const char next[4] = {first[0], first[1], first[2], static_cast<char>(first[3] - 1)};
      return alias_to({next, 4});
    }
  }
  const Labels tail = SplitLabels(apex);
  const std::string_view label = LabelAt(wire, place.labels.offset[place.labels.count - tail.count - 1]);
  if (FindPtrTarget(label, true, p, apex, type, node)) return;
  Fail(Rcode::kNxDomain, node);
}

// Names that PTR records lead to: three letters that say what they do, the block, the number in it.
bool World::FindPtrTarget(std::string_view label, bool provider, uint64_t index, std::string_view apex, uint16_t type,
                          Node* node) const {
  if (label.size() != 5) return false;
  Slot slot;
  slot.provider = provider;
  slot.index = index;
  slot.block = label[3] - 'a';
  slot.number = label[4] - 'a';
  if (slot.block < 0 || slot.block >= kBlocksPerDomain || slot.number < 0 || slot.number > 3) return false;
  const std::string_view what = label.substr(0, 3);
  if (what == "out" || what == "alt") {
    if (what == "alt") slot.number = 3;
    if (type == kTypeA || type == kTypeAaaa) {
      node->count = 1;
      FillAddress(type, slot, node->addresses[0].data());
    }
    return true;
  }
  if (what == "via") {
    node->alias = true;
    node->target.Clear();
    const char target[5] = {'o', 'u', 't', label[3], label[4]};
    node->target.AddLabel({target, 5});
    node->target.AddSuffix(apex);
    return true;
  }
  if (what == "hol") return true;
  if (what == "sfl") return Fail(Rcode::kServFail, node), true;
  if (what == "rfl") return Fail(Rcode::kRefused, node), true;
  if (what == "tmo") {
    node->silent = true;
    return true;
  }
  return false;
}

void World::FillFamily(const Family& family, uint16_t type, bool provider, uint64_t index, int block, int first,
                       Node* node) const {
  node->bogus = node->bogus || family.bogus;
  if (family.extended_error >= 0) node->extended_error = family.extended_error;
  switch (family.how) {
    case How::kNoData:
      return;
    case How::kNxDomain:
      return Fail(Rcode::kNxDomain, node);
    case How::kServFail:
      return Fail(Rcode::kServFail, node);
    case How::kRefused:
      return Fail(Rcode::kRefused, node);
    case How::kTimeout:
      node->silent = true;
      return;
    case How::kData:
      break;
  }
  node->count = family.count;
  for (int n = 0; n < family.count; ++n) {
    uint8_t* octets = node->addresses[static_cast<size_t>(n)].data();
    if (n == 0 && family.special >= 0) {
      FillSpecial(family.special, index, octets);
      continue;
    }
    FillAddress(type, {provider, index, block, first + n}, octets);
  }
}

// --- MX sets

void World::FillProviderMx(uint64_t p, Node* node) const {
  const Provider facts = ProviderFacts(p);
  WireName apex;
  apex.Clear();
  AddProvider(p, &apex);
  for (uint8_t h = 0; h < facts.hosts; ++h) {
    node->preferences[node->count] = static_cast<uint16_t>(facts.equal ? 10 : 10 * (h + 1));
    WireName& name = node->names[node->count++];
    name.Clear();
    const char label[3] = {'m', 'x', static_cast<char>('1' + h)};
    name.AddLabel({label, 3});
    name.AddSuffix(apex.view());
  }
}

void World::FillMx(uint64_t i, const Plan& plan, std::string_view domain, Node* node) const {
  node->ttl = plan.ttl;
  node->last_ttl = plan.last_ttl > 0 ? plan.last_ttl : plan.ttl;
  node->record_twice = plan.record_twice;
  for (const MxSpec& spec : plan.mx) {
    if (spec.exchange == Exchange::kProviderSet) {
      FillProviderMx(ProviderOf(i), node);
      continue;
    }
    node->preferences[node->count] = spec.preference;
    FillExchange(i, plan, spec, domain, &node->names[node->count++]);
  }
}

// A name without records of its own, where a wildcard with MX records covers it.
void World::FillWildcard(uint64_t i, const Plan& plan, std::string_view domain, uint16_t type, Node* node) const {
  if (plan.wildcard == Wildcard::kUnderFails || plan.wildcard == Wildcard::kBesideFails) {
    return Fail(Rcode::kServFail, node);
  }
  if (type != kTypeMx) return;
  FillMx(i, plan, domain, node);
  if (plan.wildcard != Wildcard::kUnderOther && plan.wildcard != Wildcard::kBesideOther) return;
  for (size_t n = 0; n < node->count; ++n) ++node->preferences[n];
}

void World::FillExchange(uint64_t i, const Plan& plan, const MxSpec& spec, std::string_view domain,
                         WireName* name) const {
  name->Clear();
  switch (spec.exchange) {
    case Exchange::kOwn:
      name->AddSuffix(plan.hosts[static_cast<size_t>(spec.host)].label);
      return name->AddSuffix(domain);
    case Exchange::kProviderSet:
    case Exchange::kProvider:
      name->AddLabel("mx1");
      return AddProvider(ProviderOf(i), name);
    case Exchange::kProviderOld:
      name->AddLabel("old");
      return AddProvider(ProviderOf(i), name);
    case Exchange::kRoot:
      return name->Finish();
    case Exchange::kSelf:
      return name->AddSuffix(domain);
    case Exchange::kText:
      name->AddLabels(spec.text);
      return name->Finish();
    case Exchange::kTextUnderSelf:
    case Exchange::kLiteralUnder:
      name->AddLabels(spec.text);
      return name->AddSuffix(domain);
    case Exchange::kGone:
      name->AddLabel("mail");
      AppendSyllables(labels_.Apply(i), kGoneEnd, name);
      name->AddLabel("com");
      return name->Finish();
    case Exchange::kProviderUnder:
    case Exchange::kOldUnder:
    case Exchange::kProviderUnderZone: {
      name->AddLabel(spec.exchange == Exchange::kOldUnder ? "old" : "mx1");
      AddProvider(0, name);
      --name->size;  // the root label gives way to the zone
      const size_t parent = spec.exchange == Exchange::kProviderUnderZone ? 1U + static_cast<uint8_t>(domain[0]) : 0;
      return name->AddSuffix(domain.substr(parent));
    }
    case Exchange::kTwice:
      name->AddLabel("mail");
      name->AddSuffix(domain.substr(0, domain.size() - 1));
      return name->AddSuffix(domain);
    case Exchange::kVerification:
      AppendSyllables(labels_.Apply(i), "ms", name);
      name->AddLabels("msv1.invalid");
      return name->Finish();
  }
}

}  // namespace mxscan::world
