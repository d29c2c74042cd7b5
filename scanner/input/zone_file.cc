#include "scanner/input/zone_file.h"

#include <algorithm>
#include <optional>

#include "absl/strings/ascii.h"
#include "scanner/limits.h"

namespace mxscan {
namespace {

constexpr int kDepthMax = 64;
constexpr uint32_t kTtlUnknownS = 86400;  // of a file that states none

bool IsWhite(char c) { return c == ' ' || c == '\t' || c == '\r' || c == '\v' || c == '\f'; }

bool EqualsWord(std::string_view word, std::string_view upper) {
  return word.size() == upper.size() && std::equal(word.begin(), word.end(), upper.begin(), [](char a, char b) {
           return absl::ascii_toupper(static_cast<unsigned char>(a)) == b;
         });
}

// Digits, or numbers with units: 3600, 1h30m (as BIND writes it).
bool ParseTtl(std::string_view word, uint32_t* ttl) {
  uint64_t sum = 0, number = 0;
  bool digits = false;
  for (const char c : word) {
    if (absl::ascii_isdigit(static_cast<unsigned char>(c))) {
      number = std::min<uint64_t>(number * 10 + static_cast<uint64_t>(c - '0'), UINT32_MAX);
      digits = true;
      continue;
    }
    const char unit = absl::ascii_tolower(static_cast<unsigned char>(c));
    const uint64_t factor = unit == 's'   ? 1
                            : unit == 'm' ? 60
                            : unit == 'h' ? 3600
                            : unit == 'd' ? 86400
                            : unit == 'w' ? 604800
                                          : 0;
    if (factor == 0 || !digits) return false;
    sum += number * factor;
    number = 0;
    digits = false;
  }
  if (word.empty() || !absl::ascii_isdigit(static_cast<unsigned char>(word.front()))) return false;
  *ttl = static_cast<uint32_t>(std::min<uint64_t>(sum + number, UINT32_MAX));
  return true;
}

// "IN", and others, which are no records of the internet's tree.
bool IsClass(std::string_view word, bool* internet) {
  const bool in = EqualsWord(word, "IN") || EqualsWord(word, "CLASS1");
  const bool generic = word.size() > 5 && EqualsWord(word.substr(0, 5), "CLASS");
  if (!in && !generic && !EqualsWord(word, "CH") && !EqualsWord(word, "HS") && !EqualsWord(word, "CS")) return false;
  *internet = in;
  return true;
}

bool IsType(std::string_view word) {
  if (word.empty() || !absl::ascii_isalpha(static_cast<unsigned char>(word.front()))) return false;
  return std::all_of(word.begin(), word.end(),
                     [](char c) { return absl::ascii_isalnum(static_cast<unsigned char>(c)) || c == '-'; });
}

// Ends with a dot that is no part of an escape.
bool IsAbsolute(std::string_view token) {
  if (token.empty() || token.back() != '.') return false;
  size_t backslashes = 0;
  while (backslashes + 1 < token.size() && token[token.size() - 2 - backslashes] == '\\') ++backslashes;
  return backslashes % 2 == 0;
}

RejectReason ReasonOf(NameError error) {
  switch (error) {
    case NameError::kEmptyLabel:
      return RejectReason::kEmptyLabel;
    case NameError::kLabelTooLong:
      return RejectReason::kLabelTooLong;
    case NameError::kNameTooLong:
      return RejectReason::kNameTooLong;
    default:
      return RejectReason::kNotAName;
  }
}

}  // namespace

ZoneReader::ZoneReader() : last_ttl_(kTtlUnknownS) {}

// Cuts a line into the words of the record at hand. False where a parenthesis closes that was not open, or one of too
// many opens.
bool ZoneReader::Cut(std::string_view line) {
  for (size_t at = 0; at < line.size();) {
    const char c = line[at];
    if (IsWhite(c)) {
      ++at;
      continue;
    }
    if (c == ';') break;
    if (c == '(' || c == ')') {
      depth_ += c == '(' ? 1 : -1;
      if (depth_ < 0 || depth_ > kDepthMax) return false;
      ++at;
      continue;
    }
    const bool quoted = c == '"';
    const size_t begin = quoted ? ++at : at;
    while (at < line.size()) {
      const char d = line[at];
      if (d == '\\' && at + 1 < line.size()) {
        at += 2;
        continue;
      }
      if (quoted ? d == '"' : IsWhite(d) || d == ';' || d == '(' || d == ')' || d == '"') break;
      ++at;
    }
    if (word_count_ < kWordsMax) words_[word_count_++] = {line.substr(begin, at - begin), quoted};
    if (quoted && at < line.size()) ++at;
  }
  return true;
}

// The line goes away and its record goes on.
void ZoneReader::Hold() {
  for (size_t i = 0; i < word_count_; ++i) {
    if (words_[i].text.data() == held_[i].data()) continue;
    held_[i].assign(words_[i].text);
    words_[i].text = held_[i];
  }
}

ZoneLine ZoneReader::Bad(RejectReason reason) {
  reason_ = reason;
  depth_ = 0;
  word_count_ = 0;
  return ZoneLine::kBad;
}

ZoneLine ZoneReader::Take(std::string_view line, bool too_long) {
  if (depth_ == 0) {
    word_count_ = 0;
    owner_left_out_ = !line.empty() && IsWhite(line.front());
  }
  const bool whole = Cut(line);
  if (too_long) return Bad(RejectReason::kLineTooLong);
  if (!whole) return Bad(RejectReason::kNotAName);
  if (depth_ > 0) {
    Hold();
    return ZoneLine::kNothing;
  }
  if (word_count_ == 0) return ZoneLine::kNothing;
  const ZoneLine taken = !owner_left_out_ && words_[0].text.substr(0, 1) == "$" ? Directive() : Interpret();
  return taken == ZoneLine::kBad ? Bad(reason_) : taken;
}

ZoneLine ZoneReader::Directive() {
  reason_ = RejectReason::kNotAName;
  if (word_count_ < 2) return ZoneLine::kBad;
  if (EqualsWord(words_[0].text, "$ORIGIN")) {
    Name origin;
    if (!ResolveName(words_[1].text, &origin)) return ZoneLine::kBad;
    origin_.Assign(origin);
    owner_token_.clear();  // the same word may mean another name now
    return ZoneLine::kNothing;
  }
  if (!EqualsWord(words_[0].text, "$TTL") || !ParseTtl(words_[1].text, &default_ttl_)) return ZoneLine::kBad;
  has_default_ttl_ = true;
  return ZoneLine::kNothing;
}

bool ZoneReader::ResolveName(std::string_view token, Name* name) {
  reason_ = RejectReason::kNotAName;
  if (token == "@") {
    name->Assign(origin_);
    return !origin_.empty();
  }
  Name parsed;
  const NameError error = ParseName(token, &parsed);
  if (error != NameError::kNone) {
    reason_ = ReasonOf(error);
    return false;
  }
  if (IsAbsolute(token)) {
    name->Assign(parsed);
    return true;
  }
  if (origin_.empty()) return false;
  if (ConcatNames(parsed, origin_, name)) return true;
  reason_ = RejectReason::kNameTooLong;
  return false;
}

bool ZoneReader::TakeOwner(const Word& word) {
  if (word.text == owner_token_ && !owner_.empty()) return true;
  Name owner;
  if (!ResolveName(word.text, &owner)) return false;
  owner_.Assign(owner);
  owner_token_.assign(word.text);
  return true;
}

// What stands before the type, in either order. False where nothing stands behind.
bool ZoneReader::TakeTtlAndClass(size_t* next, bool* internet) {
  bool ttl_known = false, class_known = false;
  record_.ttl = has_default_ttl_ ? default_ttl_ : last_ttl_;
  for (; *next < word_count_; ++*next) {
    const std::string_view word = words_[*next].text;
    if (!ttl_known && ParseTtl(word, &record_.ttl)) {
      ttl_known = true;
      last_ttl_ = record_.ttl;
    } else if (!class_known && IsClass(word, internet)) {
      class_known = true;
    } else {
      return true;
    }
  }
  return false;
}

ZoneLine ZoneReader::Interpret() {
  size_t next = 0;
  reason_ = RejectReason::kNotAName;
  if (!owner_left_out_ && !TakeOwner(words_[next++])) return ZoneLine::kBad;
  if (owner_.empty()) return ZoneLine::kBad;
  bool internet = true;
  if (!TakeTtlAndClass(&next, &internet)) return ZoneLine::kBad;
  const std::string_view type = words_[next].text;
  if (words_[next].quoted || !IsType(type)) return ZoneLine::kBad;
  ++next;
  record_.kind = ZoneRecordKind::kOther;
  record_.owner.Assign(owner_);
  record_.owner_token = owner_token_;
  if (!internet) return ZoneLine::kRecord;
  if (EqualsWord(type, "SOA")) {
    record_.kind = ZoneRecordKind::kSoa;
    if (apex_.empty()) apex_.Assign(owner_);
    if (origin_.empty()) origin_.Assign(owner_);
    return ZoneLine::kRecord;
  }
  const bool ipv4 = EqualsWord(type, "A");
  if (ipv4 || EqualsWord(type, "AAAA")) {
    const std::optional<IpAddress> address =
        next < word_count_ ? IpAddress::Parse(words_[next].text) : std::optional<IpAddress>();
    if (!address.has_value() || address->family() != (ipv4 ? 4 : 6)) return ZoneLine::kBad;
    record_.kind = ZoneRecordKind::kAddress;
    record_.address = *address;
    return ZoneLine::kRecord;
  }
  if (!EqualsWord(type, "NS")) return ZoneLine::kRecord;
  if (next == word_count_ || !ResolveName(words_[next].text, &record_.target)) return ZoneLine::kBad;
  record_.kind = ZoneRecordKind::kNs;
  return ZoneLine::kRecord;
}

bool LooksLikeZoneFile(const std::vector<std::string_view>& lines, std::string* zone) {
  zone->clear();
  ZoneReader reader;
  bool directive = false;
  for (const std::string_view line : lines) {
    const ZoneLine kind = reader.Take(line, false);
    const bool dollar = line.substr(0, 1) == "$";
    directive = directive || (dollar && kind == ZoneLine::kNothing);
    if (kind == ZoneLine::kRecord && reader.record().kind == ZoneRecordKind::kSoa) break;
    // The word stands on the first line of a record that goes on.
    const size_t soa = absl::AsciiStrToUpper(absl::string_view(line.data(), line.size())).find("SOA");
    if (kind == ZoneLine::kNothing && soa != std::string::npos && soa > 0 && IsWhite(line[soa - 1]) &&
        line.find('(') != std::string_view::npos) {
      directive = true;
    }
  }
  if (!reader.apex().empty()) *zone = NameToText(reader.apex());
  return directive || !reader.apex().empty();
}

bool IsHostLike(NameView name) {
  for (size_t at = 0; at < name.size() && name[at] != '\0';) {
    const size_t size = static_cast<uint8_t>(name[at]);
    for (const char c : name.substr(at + 1, size)) {
      if (!absl::ascii_isalnum(static_cast<unsigned char>(c)) && c != '-' && c != '_') return false;
    }
    at += size + 1;
  }
  return true;
}

}  // namespace mxscan
