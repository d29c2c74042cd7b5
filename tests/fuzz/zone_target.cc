// Zone files: the records are those that a reader of our own finds, every line of one is one item of the list, and what
// the map tells of a name is what the file says.
#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "scanner/input/target_source.h"
#include "scanner/input/zone_file.h"
#include "scanner/limits.h"
#include "scanner/run/zone_map.h"
#include "tests/fuzz/targets.h"
#include "tests/fuzz/text_file.h"
#include "tests/sim/memory_files.h"

namespace mxscan::fuzz {
namespace {

struct PlainRecord {
  std::string owner;  // wire form
  std::string type;   // lower case; "other" for a class that is not the internet's
  uint32_t ttl = 0;
  std::string target;   // of NS, wire form
  std::string address;  // network order
};

struct PlainWord {
  std::string text;
  bool quoted = false;
};

// Reads a file record by record, with all their words.
class PlainZone {
 public:
  explicit PlainZone(std::string_view text) {
    for (const std::string_view line : SplitLines(text)) TakeLine(line);
  }
  const std::vector<PlainRecord>& records() const { return records_; }
  int bad() const { return bad_; }
  const std::string& apex() const { return apex_; }

 private:
  static bool White(char c) { return std::string_view(" \t\r\v\f").find(c) != std::string_view::npos; }
  static bool IsDigits(const std::string& word) {
    return !word.empty() && word.find_first_not_of("0123456789") == std::string::npos;
  }

  void TakeLine(std::string_view line) {
    if (depth_ == 0) {
      words_.clear();
      inherits_ = !line.empty() && White(line[0]);
    }
    if (!Split(line)) {
      ++bad_;
      depth_ = 0;
      return;
    }
    if (depth_ > 0 || words_.empty()) return;
    if (!TakeRecord()) ++bad_;
  }

  bool Split(std::string_view line) {
    PlainWord word;
    bool open = false;
    const auto end = [&] {
      if (open) words_.push_back(word);
      word = PlainWord();
      open = false;
    };
    for (size_t i = 0; i < line.size(); ++i) {
      const char c = line[i];
      const bool within_quotes = open && word.quoted;
      const bool structure = !within_quotes && (c == '"' || c == '(' || c == ')');
      if (c == '\\' && i + 1 < line.size()) {
        word.text += line.substr(i++, 2);
        open = true;
      } else if (within_quotes ? c == '"' : White(c)) {
        end();
      } else if (!within_quotes && c == ';') {
        break;
      } else if (structure) {
        end();
        open = word.quoted = c == '"';
        if (c != '"') depth_ += c == '(' ? 1 : -1;
        if (depth_ < 0 || depth_ > 64) return false;
      } else {
        word.text += c;
        open = true;
      }
    }
    end();
    return true;
  }

  bool Absolute(const std::string& token, std::string* wire) const {
    if (token == "@") {
      *wire = origin_;
      return !origin_.empty();
    }
    Name name;
    if (ParseName(token, &name) != NameError::kNone) return false;  // the target "name" looks into that
    *wire = std::string(name.view());
    size_t backslashes = 0;
    while (backslashes + 1 < token.size() && token[token.size() - 2 - backslashes] == '\\') ++backslashes;
    if (token.ends_with('.') && backslashes % 2 == 0) return true;
    if (origin_.empty()) return false;
    wire->pop_back();
    *wire += origin_;
    return wire->size() <= kNameSizeMax;
  }

  static bool Seconds(const std::string& word, uint32_t* ttl) {
    if (word.empty() || !IsDigits(word.substr(0, 1))) return false;
    long double sum = 0, number = 0;
    bool digits = false;
    for (const char c : LowerCase(word)) {
      if (IsDigits(std::string(1, c))) {
        number = std::min<long double>(number * 10 + (c - '0'), UINT32_MAX);
        digits = true;
        continue;
      }
      const std::map<char, int> units = {{'s', 1}, {'m', 60}, {'h', 3600}, {'d', 86400}, {'w', 604800}};
      if (!units.contains(c) || !digits) return false;
      sum += number * units.at(c);
      number = 0;
      digits = false;
    }
    *ttl = static_cast<uint32_t>(std::min<long double>(sum + number, UINT32_MAX));
    return true;
  }

  bool TakeDirective() {
    if (words_.size() < 2) return false;
    const std::string which = LowerCase(words_[0].text);
    if (which == "$origin") {
      std::string origin;
      if (!Absolute(words_[1].text, &origin)) return false;
      origin_ = origin;
      return true;
    }
    uint32_t ttl = 0;
    if (which != "$ttl" || !Seconds(words_[1].text, &ttl)) return false;
    default_ttl_ = ttl;
    return true;
  }

  bool TakeRecord() {
    if (!inherits_ && words_[0].text.starts_with('$')) return TakeDirective();
    size_t at = 0;
    if (!inherits_) {
      std::string owner;
      if (!Absolute(words_[at++].text, &owner)) return false;
      owner_ = owner;
    }
    if (owner_.empty()) return false;
    PlainRecord record;
    record.owner = owner_;
    record.ttl = default_ttl_.value_or(last_ttl_);
    bool ttl = false, given_class = false, internet = true;
    for (; at < words_.size(); ++at) {
      const std::string word = LowerCase(words_[at].text);
      const std::set<std::string> classes = {"in", "ch", "hs", "cs"};
      if (!ttl && Seconds(word, &record.ttl)) {
        ttl = true;
        last_ttl_ = record.ttl;
      } else if (!given_class && (classes.contains(word) || (word.starts_with("class") && word.size() > 5))) {
        given_class = true;
        internet = word == "in" || word == "class1";
      } else {
        break;
      }
    }
    if (at == words_.size() || words_[at].quoted) return false;
    record.type = LowerCase(words_[at].text);
    if (record.type.empty() ||
        record.type.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789-") != std::string::npos ||
        record.type[0] == '-' || IsDigits(record.type.substr(0, 1))) {
      return false;
    }
    const std::string data = at + 1 < words_.size() ? words_[at + 1].text : "";
    const bool has_data = at + 1 < words_.size();
    if (!internet) record.type = "other";
    if (record.type == "soa") {
      if (apex_.empty()) apex_ = owner_;
      if (origin_.empty()) origin_ = owner_;
    } else if (record.type == "a" || record.type == "aaaa") {
      record.address = ReferenceAddress(data);
      if (record.address.size() != (record.type == "a" ? 4u : 16u)) return false;
    } else if (record.type == "ns") {
      if (!has_data || !Absolute(data, &record.target)) return false;
    }
    records_.push_back(record);
    return true;
  }

  std::vector<PlainRecord> records_;
  int bad_ = 0;
  int depth_ = 0;
  bool inherits_ = false;
  std::vector<PlainWord> words_;
  std::string origin_, owner_, apex_;
  std::optional<uint32_t> default_ttl_;
  uint32_t last_ttl_ = 86400;
};

std::string CompareRecord(const ZoneRecord& record, const PlainRecord& expected) {
  const ZoneRecordKind kind = expected.type == "soa"                            ? ZoneRecordKind::kSoa
                              : expected.type == "ns"                           ? ZoneRecordKind::kNs
                              : expected.type == "a" || expected.type == "aaaa" ? ZoneRecordKind::kAddress
                                                                                : ZoneRecordKind::kOther;
  if (record.kind != kind) return "kind differs: " + expected.type;
  if (record.owner.view() != expected.owner) return "owner differs";
  if (record.ttl != expected.ttl) return "TTL differs";
  if (kind == ZoneRecordKind::kNs && record.target.view() != expected.target) return "target differs";
  const IpAddress& address = record.address;
  if (kind == ZoneRecordKind::kAddress &&
      std::string(reinterpret_cast<const char*>(address.data()), address.size()) != expected.address) {
    return "address differs";
  }
  return "";
}

std::string CheckReader(const std::string& text, const PlainZone& expected, ZoneMapBuilder* builder) {
  ZoneReader reader;
  size_t records = 0;
  int bad = 0;
  for (const std::string_view line : SplitLines(text)) {
    const ZoneLine kind = reader.Take(line, false);
    bad += kind == ZoneLine::kBad;
    if (kind != ZoneLine::kRecord) continue;
    if (records == expected.records().size()) return "a record too many";
    const std::string wrong = CompareRecord(reader.record(), expected.records()[records++]);
    if (!wrong.empty()) return "record " + std::to_string(records) + ": " + wrong;
    if (!builder->OnRecord(reader.record(), reader.apex()).ok()) return "the map failed";
  }
  if (records != expected.records().size()) return "records are missing";
  if (bad != expected.bad()) return "number of bad lines differs";
  return reader.apex().view() == expected.apex() ? "" : "apex differs";
}

// The names of which the file delegates something, and by the map the same.
std::string CheckMap(const PlainZone& expected, ZoneMapBuilder* builder) {
  const absl::StatusOr<std::unique_ptr<ZoneMap>> map = builder->Finish();
  if (!map.ok()) return "the map cannot be finished";
  // Before the SOA record nobody knows whose zone it is.
  std::map<std::string, std::vector<std::string>> delegations;
  std::string apex;
  for (const PlainRecord& record : expected.records()) {
    if (record.type == "soa" && apex.empty()) apex = record.owner;
    const bool below = !apex.empty() && record.owner != apex && IsSubdomain(record.owner, apex);
    if (record.type == "ns" && below) delegations[record.owner].push_back(record.target);
  }
  if (*map == nullptr) return delegations.empty() ? "" : "there is no map";
  const absl::StatusOr<std::unique_ptr<DelegationMap>> reader = (*map)->NewReader();
  if (!reader.ok()) return "the map cannot be read";
  for (const PlainRecord& record : expected.records()) {
    if (apex.empty() || record.owner == apex || !IsSubdomain(record.owner, apex)) continue;
    std::string highest;
    for (NameView up = record.owner; up.size() > apex.size(); up = ParentName(up)) {
      if (delegations.contains(std::string(up))) highest = std::string(up);
    }
    Referral referral;
    const bool found = (*reader)->Find(record.owner, kRootName, &referral);
    if (found != !highest.empty()) return "a delegation is missing, or too many";
    if (!found) continue;
    if (referral.zone.view() != highest) return "not the highest delegation";
    const std::vector<std::string>& all = delegations[highest];
    for (const Name& ns : referral.ns) {
      if (std::find(all.begin(), all.end(), ns.view()) == all.end()) return "a server that the file does not name";
    }
    const std::set<std::string> distinct(all.begin(), all.end());
    // Of more servers in one place than a referral keeps, those behind are not looked at.
    if (all.size() <= kNsNamesMax && referral.ns.size() != distinct.size()) return "servers are missing";
  }
  return "";
}

std::string CheckItems(const std::string& text) {
  const MemoryFile file(text);
  absl::StatusOr<std::unique_ptr<TargetSource>> source =
      TargetSource::Open({file.path()}, {.format = ListFormat::kZone, .column = 0});
  if (!source.ok()) return absl::IsInvalidArgument(source.status()) ? "" : "cannot be opened";
  InputItem item;
  while (true) {
    const absl::StatusOr<InputKind> kind = (*source)->Next(&item);
    if (!kind.ok()) return "";  // it began like something compressed
    if (*kind == InputKind::kEnd) break;
    if (*kind == InputKind::kTarget && !IsHostLike(item.name)) return "a target that is no name of a list";
  }
  const InputCounts& counts = (*source)->counts();
  const bool whole = counts.lines == counts.targets + counts.rejects + counts.blank + counts.comments;
  return whole ? "" : "lines are lost";
}

}  // namespace

std::string CheckZone(const Octets& octets) {
  const std::string text(octets.begin(), octets.end());
  const PlainZone expected(text);
  sim::MemoryFileSystem files;
  ZoneMapBuilder builder({.files = &files, .directory = "tmp", .hash_seed = 1, .entries_max = 3});
  std::string wrong = CheckReader(text, expected, &builder);
  if (wrong.empty()) wrong = CheckMap(expected, &builder);
  return wrong.empty() ? CheckItems(text) : wrong;
}

}  // namespace mxscan::fuzz
