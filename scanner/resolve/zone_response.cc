#include "scanner/resolve/zone_response.h"

#include <algorithm>

#include "scanner/limits.h"

namespace mxscan {
namespace {

bool IsType(const RecordView& record, RrType type) {
  return record.rr_class == kClassIn && record.type == static_cast<uint16_t>(type);
}

bool HasAnswerSection(const MessageView& message) {
  return !message.records().empty() && message.records()[0].section == Section::kAnswer;
}

bool HasRecordOf(const MessageView& message, NameView name) {
  return std::any_of(message.records().begin(), message.records().end(), [&](const RecordView& record) {
    return record.section == Section::kAnswer && message.NameEquals(record.name_offset, name);
  });
}

// The addresses that the additional section has for the referral's name servers. `zone` is the one that refers.
void ReadGlue(const MessageView& message, NameView zone, Referral* referral) {
  Name owner;
  IpAddress address;
  for (const RecordView& record : message.records()) {
    if (record.section != Section::kAdditional || referral->glue.size() >= kZoneServersMax) continue;
    if (!message.ReadAddress(record, &address) || !message.ReadName(record.name_offset, &owner)) continue;
    if (!IsSubdomain(owner, zone)) continue;
    const auto found = std::find(referral->ns.begin(), referral->ns.end(), owner);
    if (found == referral->ns.end()) continue;
    referral->glue.push_back({static_cast<uint8_t>(found - referral->ns.begin()), address});
  }
}

// The NS records of the authority section that lead from `zone` down towards `question`, if there are any.
bool ReadReferral(const MessageView& message, NameView zone, NameView question, Referral* referral) {
  referral->ns.clear();
  referral->glue.clear();
  Name owner, target;
  for (const RecordView& record : message.records()) {
    if (record.section != Section::kAuthority || !IsType(record, RrType::kNs)) continue;
    if (!message.ReadName(record.name_offset, &owner)) continue;
    if (referral->ns.empty()) {
      if (owner.view().size() <= zone.size() || !IsSubdomain(owner, zone) || !IsSubdomain(question, owner)) continue;
      referral->zone = owner;
      referral->ttl = record.ttl;
    } else if (owner != referral->zone) {
      continue;
    }
    if (referral->ns.size() == kNsNamesMax) break;
    if (!message.ReadNameRdata(record, &target)) continue;
    referral->ttl = std::min(referral->ttl, record.ttl);
    if (std::find(referral->ns.begin(), referral->ns.end(), target) == referral->ns.end()) {
      referral->ns.push_back(target);
    }
  }
  if (referral->ns.empty()) return false;
  ReadGlue(message, zone, referral);
  return true;
}

// NS records of a zone above the one that was asked.
bool PointsUpward(const MessageView& message, NameView zone) {
  Name owner;
  for (const RecordView& record : message.records()) {
    if (record.section != Section::kAuthority || !IsType(record, RrType::kNs)) continue;
    if (!message.ReadName(record.name_offset, &owner)) continue;
    if (owner.view().size() < zone.size() && IsSubdomain(zone, owner)) return true;
  }
  return false;
}

// SOA records in the authority section, and none of them is over `name` and within `zone`.
bool SpeaksForOthers(const MessageView& message, NameView name, NameView zone) {
  const auto is_soa = [](const RecordView& record) {
    return record.section == Section::kAuthority && IsType(record, RrType::kSoa);
  };
  return std::any_of(message.records().begin(), message.records().end(), is_soa) && !HasSoaOver(message, name, zone);
}

ResponseKind Fail(ResponseKind kind, Answer* answer) {
  answer->outcome = kind == ResponseKind::kRefused ? Outcome::kRefused : Outcome::kServFail;
  return kind;
}

ResponseKind Conclude(Outcome outcome, Answer* answer) {
  answer->outcome = outcome;
  return ResponseKind::kFinal;
}

ResponseKind ReadAlias(const MessageView& message, NameView zone, Answer* answer) {
  const NameView end = answer->chain.back();
  if (answer->alias_loop) return Conclude(Outcome::kNoData, answer);
  if (IsSubdomain(end, zone)) {
    // The rcode of a chain is that of its last name (RFC 6604 3).
    const bool nxdomain = answer->rcode == Rcode::kNxDomain;
    if (HasSoaOver(message, end, zone)) return Conclude(nxdomain ? Outcome::kNxDomain : Outcome::kNoData, answer);
    const bool told = message.authoritative() && !SpeaksForOthers(message, end, zone);
    if (nxdomain && told) return Conclude(Outcome::kNxDomain, answer);
  }
  return ResponseKind::kAlias;
}

// Leaves of an answer the way that led to its data.
void DropData(Answer* answer) {
  answer->mx.clear();
  answer->addresses.clear();
  answer->names.clear();
  answer->ttl = 0;
  answer->cname_coexists = false;
  answer->outcome = Outcome::kNoData;
}

}  // namespace

uint32_t AbsenceTtl(const MessageView& message, NameView name, NameView zone) {
  constexpr size_t kMinimumSize = 4;  // the last field of the RDATA
  Name owner;
  for (const RecordView& record : message.records()) {
    if (record.section != Section::kAuthority || !IsType(record, RrType::kSoa)) continue;
    if (!message.ReadName(record.name_offset, &owner) || !IsSubdomain(name, owner) || !IsSubdomain(owner, zone))
      continue;
    const std::span<const uint8_t> rdata = message.rdata(record);
    if (rdata.size() < kMinimumSize) return 0;
    uint32_t minimum = 0;
    for (const uint8_t octet : rdata.last(kMinimumSize)) minimum = minimum << 8 | octet;
    return std::min(record.ttl, minimum);
  }
  return 0;
}

void ReadOwnServers(const MessageView& message, NameView zone, std::vector<Name>* servers) {
  servers->clear();
  Name target;
  for (const RecordView& record : message.records()) {
    if (record.section == Section::kAdditional || servers->size() == kNsNamesMax) break;
    if (!IsType(record, RrType::kNs) || !message.NameEquals(record.name_offset, zone)) continue;
    if (message.ReadNameRdata(record, &target)) servers->push_back(target);
  }
}

ResponseKind ReadResponse(const MessageView& message, NameView zone, NameView question, RrType type, Answer* answer,
                          Referral* referral) {
  InterpretAnswer(message, question, type, answer, zone);
  if (answer->rcode == Rcode::kRefused) return Fail(ResponseKind::kRefused, answer);
  const bool nxdomain = answer->rcode == Rcode::kNxDomain;
  if (!nxdomain && answer->rcode != Rcode::kNoError) return Fail(ResponseKind::kFailed, answer);
  const bool authoritative = message.authoritative();
  if (type == RrType::kAny && authoritative && HasRecordOf(message, question)) {
    answer->chain.clear();
    return Conclude(Outcome::kData, answer);
  }
  const bool cached = !authoritative && message.recursion_available();
  if (answer->outcome == Outcome::kData) {
    if (cached) return ResponseKind::kSecondhand;
    if (answer->chain.empty()) return ResponseKind::kFinal;
    DropData(answer);
    return ResponseKind::kAlias;
  }
  // A DNAME that makes no name, NXDOMAIN beside data, records about something else (answer.cc).
  const bool nonsense = answer->outcome == Outcome::kServFail && HasAnswerSection(message);
  if (nonsense) return Fail(ResponseKind::kFailed, answer);
  if (!answer->chain.empty()) return cached ? Fail(ResponseKind::kLame, answer) : ReadAlias(message, zone, answer);
  const bool soa = HasSoaOver(message, question, zone);
  if (nxdomain) {
    const bool told = soa ? !cached : authoritative && !SpeaksForOthers(message, question, zone);
    return told ? Conclude(Outcome::kNxDomain, answer) : Fail(ResponseKind::kLame, answer);
  }
  if (soa) return cached ? Fail(ResponseKind::kLame, answer) : Conclude(Outcome::kNoData, answer);
  if (ReadReferral(message, zone, question, referral)) return ResponseKind::kReferral;
  const bool says_nothing = authoritative && !PointsUpward(message, zone) && !SpeaksForOthers(message, question, zone);
  return says_nothing ? Conclude(Outcome::kNoData, answer) : Fail(ResponseKind::kLame, answer);
}

}  // namespace mxscan
