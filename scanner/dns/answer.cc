// How a response is read.
//
// 1. The alias records (CNAME, DNAME) of the answer section are gathered, at most kAliasRecordsMax of them: their
//    owners are decompressed once.
// 2. From the question's name on the chain is followed through them, whatever their order, until no link leads on, a
//    name comes again, or kAliasLinksMax is reached.
// 3. The records of the asked type are matched against the names of the chain. The first name of the chain that has
//    some ends it: data at a name beats an alias at that name.
// 4. Classify decides what that means.
// What is neither is not looked at. So the work is bounded by the records of the message times a small constant (and
// the logarithm of their number, where names are sorted), with no index, whatever the message holds.
#include "scanner/dns/answer.h"

#include <algorithm>
#include <bitset>
#include <cstdint>
#include <numeric>
#include <utility>
#include <vector>

#include "scanner/dns/name_hash.h"
#include "scanner/dns/octets.h"

namespace mxscan {
namespace {

bool IsType(const RecordView& record, RrType type) {
  return record.rr_class == kClassIn && record.type == static_cast<uint16_t>(type);
}

struct AliasRecord {
  const RecordView* record;
  bool has_target;  // it was read
  Name owner;
  Name target;
};

struct AliasRecords {
  AliasRecord items[kAliasRecordsMax];  // not initialised beyond `count`
  size_t count = 0;
  NameView zone;  // only owners within it are there
};

// The links of Answer::chain: bit i is the link that leaves position i (0: the question's name, i: chain[i - 1]).
struct Links {
  uint64_t by_dname = 0;
  uint64_t at_cname = 0;  // a CNAME record stands there, followed or not
  bool overlong = false;  // a DNAME makes a name of more than 255 octets
  uint32_t last_ttl = 0;  // of the last link's record
};
static_assert(kAliasLinksMax < 64);

// What the sections hold beside the chain.
struct Contents {
  bool answer = false;    // the answer section has a record of class IN
  bool aliases = false;   // and a CNAME or DNAME
  bool referral = false;  // the authority section has an NS record
};

Contents Survey(const MessageView& message) {
  Contents contents;
  for (const RecordView& record : message.records()) {
    if (record.section == Section::kAdditional) break;
    if (record.section == Section::kAuthority) {
      contents.referral |= IsType(record, RrType::kNs);
    } else if (record.rr_class == kClassIn) {
      contents.answer = true;
      contents.aliases |= IsType(record, RrType::kCname) || IsType(record, RrType::kDname);
    }
  }
  return contents;
}

void GatherAliases(const MessageView& message, AliasRecords* aliases) {
  for (const RecordView& record : message.records()) {
    if (record.section != Section::kAnswer || aliases->count == kAliasRecordsMax) return;
    if (!IsType(record, RrType::kCname) && !IsType(record, RrType::kDname)) continue;
    AliasRecord* item = &aliases->items[aliases->count];
    item->record = &record;
    item->has_target = false;
    if (message.ReadName(record.name_offset, &item->owner) && IsSubdomain(item->owner, aliases->zone)) {
      ++aliases->count;
    }
  }
}

// Read when it is first wanted, once: a hostile chain asks for each of them at each of its links.
const Name& TargetOf(const MessageView& message, AliasRecord* alias) {
  if (!alias->has_target && !message.ReadNameRdata(*alias->record, &alias->target)) alias->target.Clear();
  alias->has_target = true;
  return alias->target;
}

// The CNAME target at `name`; of several the first as octets, so that the order of records does not matter.
bool FindCname(const MessageView& message, AliasRecords* aliases, NameView name, Name* target, uint32_t* ttl) {
  bool found = false;
  for (size_t i = 0; i < aliases->count; ++i) {
    AliasRecord& alias = aliases->items[i];
    if (!IsType(*alias.record, RrType::kCname) || alias.owner.view() != name) continue;
    const Name& candidate = TargetOf(message, &alias);
    if (candidate.empty()) continue;
    if (!found || candidate.view() < target->view()) {
      *target = candidate;
      *ttl = alias.record->ttl;
    }
    found = true;
  }
  return found;
}

// Where the labels of a name begin, for many questions about what it is under.
class LabelStarts {
 public:
  explicit LabelStarts(NameView name) : name_(name) {
    for (size_t at = 0; at < name.size(); at += 1u + static_cast<uint8_t>(name[at])) starts_.set(at);
  }
  bool IsUnder(NameView ancestor) const {
    return name_.ends_with(ancestor) && starts_.test(name_.size() - ancestor.size());
  }

 private:
  const NameView name_;
  std::bitset<kNameSizeMax + 1> starts_;
};

// The DNAME nearest above `name`, if any: what it makes of the name (RFC 6672 2.2), or *overlong.
bool FindDname(const MessageView& message, AliasRecords* aliases, NameView name, Name* target, uint32_t* ttl,
               bool* overlong) {
  const LabelStarts labels(name);
  const AliasRecord* nearest = nullptr;
  for (size_t i = 0; i < aliases->count; ++i) {
    AliasRecord& alias = aliases->items[i];
    if (!IsType(*alias.record, RrType::kDname)) continue;
    const NameView owner = alias.owner;
    if (owner.size() >= name.size() || !labels.IsUnder(owner)) continue;
    if (nearest != nullptr && owner.size() < nearest->owner.view().size()) continue;
    const Name& candidate = TargetOf(message, &alias);
    if (candidate.empty()) continue;
    const bool same_owner = nearest != nullptr && owner.size() == nearest->owner.view().size();
    if (same_owner && nearest->target.view() <= candidate.view()) continue;
    nearest = &alias;
  }
  if (nearest == nullptr) return false;
  const size_t kept = name.size() - nearest->owner.view().size();
  char prefix[kNameSizeMax];
  std::memcpy(prefix, name.data(), kept);
  prefix[kept] = 0;
  *overlong = !ConcatNames(NameView(prefix, kept + 1), nearest->target, target);
  *ttl = nearest->record->ttl;
  return true;
}

// One link from `name`. A CNAME beside a DNAME that covers its owner must be the one the DNAME makes; another is
// ignored, since nothing may stand below a DNAME (RFC 6672 2.4).
bool FollowLink(const MessageView& message, AliasRecords* aliases, NameView name, bool with_cname, size_t position,
                Name* target, Links* links) {
  const uint64_t bit = uint64_t{1} << position;
  const bool cname = with_cname && FindCname(message, aliases, name, target, &links->last_ttl);
  if (cname) links->at_cname |= bit;
  if (FindDname(message, aliases, name, target, &links->last_ttl, &links->overlong)) {
    links->by_dname |= bit;
    return !links->overlong;
  }
  return cname;
}

bool OnChain(const Answer& answer, NameView question, NameView name) {
  if (name == question) return true;
  return std::any_of(answer.chain.begin(), answer.chain.end(), [&](const Name& link) { return link.view() == name; });
}

// Not inlined: its frame of 33 KiB is for the few responses that hold an alias.
[[gnu::noinline]] void FollowChain(const MessageView& message, NameView question, NameView zone, Answer* answer,
                                   Links* links) {
  AliasRecords aliases;
  aliases.zone = zone;
  GatherAliases(message, &aliases);
  Name current(question);
  Name next;
  while (FollowLink(message, &aliases, current, true, answer->chain.size(), &next, links)) {
    if (answer->chain.size() == kAliasLinksMax) {
      answer->alias_loop = true;
      return;
    }
    answer->alias_loop = OnChain(*answer, question, next);
    answer->chain.push_back(next);
    if (answer->alias_loop) return;
    current = next;
  }
}

// The answer to a question for CNAME that only a DNAME answers: the CNAME it makes.
[[gnu::noinline]] bool SynthesiseCname(const MessageView& message, NameView question, NameView zone, Answer* answer,
                                       Links* links) {
  AliasRecords aliases;
  aliases.zone = zone;
  GatherAliases(message, &aliases);
  Name target;
  if (!FollowLink(message, &aliases, question, false, 0, &target, links)) return false;
  answer->names.push_back(target);
  answer->ttl = links->last_ttl;
  answer->via_dname = true;
  return true;
}

// The first position of the chain whose name owns a record of `type`; chain.size() + 1 where none does. Names are told
// apart by their hashes first: a hostile message has thousands of owners that differ from those of its chain in a few
// octets.
size_t FirstPositionWithData(const MessageView& message, NameView question, RrType type, NameView zone,
                             const Answer& answer) {
  const NameHash hash;
  uint64_t hashes[kAliasLinksMax + 1];
  const auto at = [&](size_t position) { return position == 0 ? question : answer.chain[position - 1].view(); };
  for (size_t position = 0; position <= answer.chain.size(); ++position) hashes[position] = hash(at(position));
  size_t first = answer.chain.size() + 1;
  uint32_t owner_offset = 0;  // of the last record: compressed owners are looked at once
  Name owner;
  for (const RecordView& record : message.records()) {
    if (record.section != Section::kAnswer) break;
    if (!IsType(record, type) || record.name_offset == owner_offset) continue;
    owner_offset = record.name_offset;
    if (!message.ReadName(record.name_offset, &owner)) continue;
    const uint64_t owner_hash = hash(owner);
    for (size_t position = 0; position < first; ++position) {
      if (hashes[position] == owner_hash && at(position) == owner.view() && IsSubdomain(owner, zone)) first = position;
    }
  }
  return first;
}

// No octets, at an address that they may be copied from; by default there is none.
constexpr NameView kNoName = "";  // NOLINT(readability-redundant-string-init)

void TakeRecord(const MessageView& message, const RecordView& record, Answer* answer) {
  switch (static_cast<RrType>(record.type)) {
    case RrType::kMx: {
      MxRecord& mx = answer->mx.emplace_back(MxRecord{});  // emplace_back() would write zeros all over the name
      mx.ttl = record.ttl;
      message.ReadMx(record, &mx.preference, &mx.exchange);
      return;
    }
    case RrType::kA:
    case RrType::kAaaa: {
      message.ReadAddress(record, &answer->addresses.emplace_back());
      return;
    }
    case RrType::kPtr:
    case RrType::kNs:
    case RrType::kCname:
      message.ReadNameRdata(record, &answer->names.emplace_back(kNoName));
      return;
    default:
      return;  // the caller reads other types from the message
  }
}

// The first octets of a name as a number that compares as they do.
uint64_t FirstOctets(NameView name) {
  uint8_t octets[8] = {};
  std::memcpy(octets, name.data(), std::min(name.size(), sizeof(octets)));
  return uint64_t{LoadU32(octets)} << 32 | LoadU32(octets + 4);
}

// Names are large, so of many their places are sorted, by their first octets where these tell, and each name is then
// moved once.
void SortManyNames(std::vector<Name>* names) {
  struct Place {
    uint64_t first_octets;
    uint32_t index;  // where the name stands that belongs here
  };
  std::vector<Place> places;
  places.reserve(names->size());
  for (const Name& name : *names) places.push_back({FirstOctets(name), static_cast<uint32_t>(places.size())});
  std::sort(places.begin(), places.end(), [names](const Place& a, const Place& b) {
    if (a.first_octets != b.first_octets) return a.first_octets < b.first_octets;
    return (*names)[a.index].view() < (*names)[b.index].view();
  });
  // Each cycle of moves is walked once.
  for (uint32_t i = 0; i < places.size(); ++i) {
    if (places[i].index == i) continue;
    const Name held = (*names)[i];
    uint32_t at = i;
    while (places[at].index != i) {
      (*names)[at] = (*names)[places[at].index];
      at = std::exchange(places[at].index, at);
    }
    (*names)[at] = held;
    places[at].index = at;
  }
}

void SortUnique(std::vector<Name>* names) {
  constexpr size_t kFew = 32;
  if (names->size() > kFew) {
    SortManyNames(names);
  } else {
    std::sort(names->begin(), names->end(), [](const Name& a, const Name& b) { return a.view() < b.view(); });
  }
  names->erase(std::unique(names->begin(), names->end()), names->end());
}

// Takes the records of `type` at `owner`. False where there is none.
bool TakeData(const MessageView& message, NameView owner, RrType type, Answer* answer) {
  bool found = false;
  uint32_t owner_offset = 0;  // of the last match: compressed owners are compared once
  for (const RecordView& record : message.records()) {
    if (record.section != Section::kAnswer) break;
    if (!IsType(record, type)) continue;
    if (record.name_offset != owner_offset && !message.NameEquals(record.name_offset, owner)) continue;
    owner_offset = record.name_offset;
    answer->ttl = found ? std::min(answer->ttl, record.ttl) : record.ttl;
    found = true;
    TakeRecord(message, record, answer);
  }
  std::sort(answer->addresses.begin(), answer->addresses.end());
  answer->addresses.erase(std::unique(answer->addresses.begin(), answer->addresses.end()), answer->addresses.end());
  SortUnique(&answer->names);
  return found;
}

// Follows the chain and takes the data at its end. False where there is none.
bool TakeChainAndData(const MessageView& message, NameView question, RrType type, const Contents& contents,
                      NameView zone, Answer* answer, Links* links) {
  if (!contents.answer) return false;
  if (!contents.aliases) return TakeData(message, question, type, answer);
  if (type == RrType::kCname) {
    return TakeData(message, question, type, answer) || SynthesiseCname(message, question, zone, answer, links);
  }
  FollowChain(message, question, zone, answer, links);
  const size_t position = FirstPositionWithData(message, question, type, zone, *answer);
  if (position < answer->chain.size()) {
    answer->cname_coexists = (links->at_cname >> position & 1) != 0;
    answer->chain.resize(position);
    answer->alias_loop = false;
    links->overlong = false;
  } else if (position == answer->chain.size()) {
    answer->alias_loop = false;
    links->overlong = false;
  }
  const uint64_t followed = (uint64_t{1} << answer->chain.size()) - 1;
  answer->via_dname = (links->by_dname & followed) != 0;
  const NameView end = answer->chain.empty() ? question : answer->chain.back().view();
  return position <= answer->chain.size() && TakeData(message, end, type, answer);
}

// The decision list for NOERROR and NXDOMAIN. The first line that fits decides. "Counts" is the return value.
bool Classify(const MessageView& message, NameView end, const Contents& contents, bool has_data, const Links& links,
              Answer* answer) {
  const bool is_alias = !answer->chain.empty();
  const bool nxdomain = answer->rcode == Rcode::kNxDomain;
  // Whether the server had the whole of the question's resolution in its hands.
  const bool recursed = message.recursion_desired() && message.recursion_available();
  const auto is = [&](Outcome outcome) {
    answer->outcome = outcome;
    return true;
  };
  const auto does_not_count = [&]() {
    answer->outcome = Outcome::kServFail;
    return false;
  };
  // A rcode that says the name does not exist, beside its data, is no definite anything.
  if (has_data) return nxdomain ? does_not_count() : is(Outcome::kData);
  if (answer->alias_loop) return is(Outcome::kNoData);
  // The DNAME's result is no name; an honest server says YXDOMAIN (RFC 6672 2.2).
  if (links.overlong) return does_not_count();
  // The rcode of a chain is that of its last name (RFC 6604 3).
  if (is_alias && nxdomain) return is(Outcome::kNxDomain);
  if (is_alias) {
    answer->chain_unfinished = !recursed && !HasSoaOver(message, end);
    return is(Outcome::kNoData);
  }
  // An answer section, and nothing in it is about the question.
  if (contents.answer) return does_not_count();
  const bool told = answer->authoritative || HasSoaOver(message, end);
  if (told) return is(nxdomain ? Outcome::kNxDomain : Outcome::kNoData);
  if (nxdomain) return message.recursion_available() ? is(Outcome::kNxDomain) : does_not_count();
  // NS records alone: the server sends us elsewhere (RFC 2308 2.2), down the tree or, being lame, up.
  if (contents.referral && !recursed) return does_not_count();
  if (message.recursion_available()) return is(Outcome::kNoData);
  return does_not_count();  // no authority, no recursion, nothing said
}

}  // namespace

void Answer::Clear() {
  outcome = Outcome::kNotAsked;
  rcode = Rcode::kNoError;
  truncated = authoritative = via_dname = alias_loop = chain_unfinished = cname_coexists = false;
  ttl = 0;
  extended_error = -1;
  chain.clear();
  mx.clear();
  addresses.clear();
  names.clear();
}

bool HasSoaOver(const MessageView& message, NameView name, NameView zone) {
  Name owner;
  for (const RecordView& record : message.records()) {
    if (record.section != Section::kAuthority || !IsType(record, RrType::kSoa)) continue;
    if (message.ReadName(record.name_offset, &owner) && IsSubdomain(name, owner) && IsSubdomain(owner, zone)) {
      return true;
    }
  }
  return false;
}

bool InterpretAnswer(const MessageView& message, NameView question, RrType type, Answer* answer, NameView zone) {
  answer->Clear();
  answer->rcode = message.rcode();
  answer->truncated = message.truncated();
  answer->authoritative = message.authoritative();
  answer->extended_error = message.extended_error();
  if (answer->rcode == Rcode::kRefused) {
    answer->outcome = Outcome::kRefused;
    return true;
  }
  if (answer->rcode != Rcode::kNoError && answer->rcode != Rcode::kNxDomain) {
    answer->outcome = Outcome::kServFail;
    return true;
  }
  Links links;
  const Contents contents = Survey(message);
  const bool has_data = TakeChainAndData(message, question, type, contents, zone, answer, &links);
  const NameView end = answer->chain.empty() ? question : answer->chain.back().view();
  const bool counts = Classify(message, end, contents, has_data, links, answer);
  // A truncated response is never an answer, but always a reason to ask again over TCP: it must not be dropped.
  return counts || answer->truncated;
}

}  // namespace mxscan
