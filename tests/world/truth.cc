// Lookups as they end, and the verdicts on hosts and addresses. Domains are judged in evaluate.cc.
#include "tests/world/truth.h"

#include <arpa/inet.h>

#include <algorithm>

#include "io/check.h"

namespace mxscan::world {

namespace {

constexpr size_t kPtrMany = 10;

constexpr FindingFacts kFindings[] = {
#define X(id, scope, severity) {#id, #scope, #severity},
#include "tests/world/known_findings.inc"
#undef X
};
static_assert(std::size(kFindings) <= Findings().size());

}  // namespace

std::span<const FindingFacts> KnownFindings() { return kFindings; }

int FindingIndex(std::string_view id) {
  for (size_t i = 0; i < std::size(kFindings); ++i) {
    if (kFindings[i].id == id) return static_cast<int>(i);
  }
  return -1;
}

std::string_view HowText(How how) {
  switch (how) {
    case How::kNoData:
      return "nodata";
    case How::kNxDomain:
      return "nxdomain";
    case How::kData:
      return "data";
    case How::kServFail:
      return "servfail";
    case How::kRefused:
      return "refused";
    case How::kTimeout:
      return "timeout";
  }
  return "";
}

std::string AddressText(const IpAddress& address) {
  char text[INET6_ADDRSTRLEN] = {};
  inet_ntop(address.family() == 4 ? AF_INET : AF_INET6, address.data(), text, sizeof(text));
  return text;
}

bool ParseAddress(std::string_view text, IpAddress* address) {
  const std::string terminated(text);
  uint8_t octets[16];
  if (inet_pton(AF_INET, terminated.c_str(), octets) == 1) {
    *address = IpAddress::V4(octets);
    return true;
  }
  if (inet_pton(AF_INET6, terminated.c_str(), octets) != 1) return false;
  *address = IpAddress::V6(octets);
  return true;
}

bool IsGlobalTruth(const IpAddress& address) {
  const int special = World::SpecialOf(address);
  return special < 0 || Specials()[static_cast<size_t>(special)].global;
}

bool IsReverseAsked(const IpAddress& address) {
  const int special = World::SpecialOf(address);
  return special < 0 ||
         (Specials()[static_cast<size_t>(special)].global && !Specials()[static_cast<size_t>(special)].is_error);
}

Judge::Judge(const World& world) : world_(world), list_(psl_builtin()) {
  // The system's list where libpsl has one: the newest that the machine offers.
  psl_ctx_t* latest = psl_latest(nullptr);
  if (latest != nullptr) list_ = latest;
  MXSCAN_CHECK(list_ != nullptr);
}

Judge::~Judge() {
  if (list_ != psl_builtin()) psl_free(const_cast<psl_ctx_t*>(list_));
}

// --- lookups

namespace {

void TakeNode(const Node& node, uint16_t type, LookupTruth* lookup) {
  lookup->how = node.count > 0 ? How::kData : How::kNoData;
  lookup->first_ttl = node.count > 1 ? node.ttl : node.last_ttl;
  lookup->last_ttl = node.last_ttl;
  lookup->ttl = std::min(lookup->first_ttl, lookup->last_ttl);
  lookup->highest_ttl = std::max(lookup->first_ttl, lookup->last_ttl);
  lookup->record_twice = node.record_twice;
  for (size_t i = 0; i < node.count; ++i) {
    if (type == kTypeMx) {
      lookup->mx.emplace_back(node.preferences[i], std::string(node.names[i].view()));
    } else if (type == kTypePtr) {
      lookup->names.emplace_back(node.names[i].view());
    } else {
      const uint8_t* octets = node.addresses[i].data();
      lookup->addresses.push_back(type == kTypeA ? IpAddress::V4(octets) : IpAddress::V6(octets));
    }
  }
  // A last record with a TTL of its own is planted where it is the last in this order too.
  MXSCAN_CHECK(node.ttl == node.last_ttl || std::is_sorted(lookup->mx.begin(), lookup->mx.end()));
  std::sort(lookup->mx.begin(), lookup->mx.end());
  std::sort(lookup->names.begin(), lookup->names.end());
  std::sort(lookup->addresses.begin(), lookup->addresses.end());
}

}  // namespace

LookupTruth Judge::Lookup(std::string_view wire, uint16_t type, bool checking_disabled) const {
  LookupTruth lookup;
  lookup.asked = true;
  std::string current(wire);
  Node node;
  while (true) {
    world_.Find(current, type, &node);
    if (current == wire && node.alias && !node.dname) {
      std::array<World::Zone, 4> zones;
      const int count = world_.ZonesOf(wire, &zones);
      lookup.apex_cname = zones[static_cast<size_t>(count) - 1].apex_offset == 0;
    }
    const bool failed = node.rcode != Rcode::kNoError && node.rcode != Rcode::kNxDomain;
    if (node.silent) {
      lookup.how = How::kTimeout;
      return lookup;
    }
    if (node.truncated) {
      lookup.truncated = true;
      lookup.how = How::kServFail;
      return lookup;
    }
    const bool invalid = node.bogus && !checking_disabled && world_.options().validating;
    lookup.rcode = static_cast<int>(invalid ? Rcode::kServFail : node.rcode);
    if (failed || invalid) {
      lookup.how = !invalid && node.rcode == Rcode::kRefused ? How::kRefused : How::kServFail;
      // It is what a resolver says; the zone's own servers give the bare rcode.
      if (world_.options().validating) lookup.extended_error = node.extended_error;
      lookup.chain.clear();
      return lookup;
    }
    if (node.rcode == Rcode::kNxDomain) {
      lookup.how = How::kNxDomain;
      return lookup;
    }
    lookup.coexists = node.coexists;
    // Data beside an alias: what stands at the name itself is taken.
    if (!node.alias || node.coexists) break;
    lookup.dname = lookup.dname || node.dname;
    std::string target(node.target.view());
    lookup.loop = target == wire || std::find(lookup.chain.begin(), lookup.chain.end(), target) != lookup.chain.end();
    lookup.chain.push_back(target);
    if (lookup.loop) {
      lookup.how = How::kNoData;
      return lookup;
    }
    current = std::move(target);
  }
  TakeNode(node, type, &lookup);
  return lookup;
}

State Judge::BogusState(const LookupTruth& lookup, std::string_view wire, uint16_t type) const {
  constexpr int kFirstError = 6, kLastError = 12;  // RFC 8914 4.7 to 4.13
  if (!lookup.Failed()) return State::kAbsent;
  if (lookup.rcode != static_cast<int>(Rcode::kServFail) || lookup.truncated) return State::kUnknown;
  if (lookup.extended_error >= kFirstError && lookup.extended_error <= kLastError) return State::kPresent;
  const LookupTruth unvalidated = Lookup(wire, type, true);
  return unvalidated.HasData() ? State::kPresent : unvalidated.Failed() ? State::kUnknown : State::kAbsent;
}

std::string Judge::Registrable(std::string_view wire) const {
  const Labels labels = SplitLabels(wire);
  if (labels.count == 0 || LabelAt(wire, labels.offset[labels.count - 1]) == "arpa") return {};
  // libpsl reads text; an octet that text cannot hold is stood for by "_".
  std::string text;
  for (int i = 0; i < labels.count; ++i) {
    for (const char c : LabelAt(wire, labels.offset[i])) {
      const bool plain = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-';
      text.push_back(plain ? c : '_');
    }
    if (i + 1 < labels.count) text.push_back('.');
  }
  const char* registrable = psl_registrable_domain(list_, text.c_str());
  if (registrable == nullptr) return {};
  return std::string(wire.substr(static_cast<size_t>(registrable - text.c_str())));
}

// --- hosts

namespace {

// A lookup that may yet turn out to have data of its family.
bool MayHaveData(const LookupTruth& lookup) { return lookup.HasData() || lookup.Failed(); }

// The family `has` alone has addresses: data there, a definite NODATA in the other.
State OnlyState(const LookupTruth& has, const LookupTruth& lacks) {
  const bool lacks_possible = lacks.how == How::kNoData || lacks.Failed();
  if (!MayHaveData(has) || !lacks_possible) return State::kAbsent;
  return has.Failed() || lacks.Failed() ? State::kUnknown : State::kPresent;
}

void JudgeHostFailures(const HostTruth& host, bool has_data, bool any_failed, bool bogus, Judgement* judgement) {
  const auto ended = [&](How how) { return !has_data && (host.a.how == how || host.aaaa.how == how); };
  judgement->Set(Finding::mxhost_lookup_servfail, ended(How::kServFail) && !bogus);
  judgement->Set(Finding::mxhost_lookup_refused, ended(How::kRefused));
  judgement->Set(Finding::mxhost_lookup_timeout, ended(How::kTimeout));
  judgement->Set(Finding::mxhost_family_lookup_failed, has_data && any_failed);
}

}  // namespace

HostTruth Judge::JudgeHost(std::string_view wire) const {
  HostTruth host;
  host.name = wire;
  host.a = Lookup(wire, kTypeA);
  host.aaaa = Lookup(wire, kTypeAaaa);
  const bool any_failed = host.a.Failed() || host.aaaa.Failed();
  const bool all_failed = host.a.Failed() && host.aaaa.Failed();
  const bool has_data = host.a.HasData() || host.aaaa.HasData();
  const bool found = has_data || host.a.how == How::kNoData || host.aaaa.how == How::kNoData;
  const bool alias = !host.chain().empty();
  const bool no_such_name = !found && !any_failed;
  Judgement& out = host.judgement;

  out.Set(Finding::mxhost_nxdomain, no_such_name && !alias, !found && any_failed && !alias);
  out.Set(Finding::mxhost_no_address, !has_data && !any_failed && (found || alias), !has_data && any_failed);
  const bool one_nxdomain = host.a.how == How::kNxDomain || host.aaaa.how == How::kNxDomain;
  out.Set(Finding::mxhost_rcode_inconsistent, has_data && one_nxdomain,
          any_failed && host.a.how != How::kNoData && host.aaaa.how != How::kNoData);
  bool bogus = false;
  if (world_.options().bogus) {
    const State states[] = {BogusState(host.a, wire, kTypeA), BogusState(host.aaaa, wire, kTypeAaaa)};
    const auto either = [&states](State state) { return states[0] == state || states[1] == state; };
    bogus = either(State::kPresent);
    out.Set(Finding::mxhost_dnssec_bogus, bogus, either(State::kUnknown));
  }
  JudgeHostFailures(host, has_data, any_failed, bogus, &out);

  out.Set(Finding::mxhost_alias, alias, all_failed);
  out.Set(Finding::mxhost_dname_alias, host.a.dname || host.aaaa.dname, all_failed);
  const std::string home = Registrable(wire);
  const bool crosses = std::any_of(host.chain().begin(), host.chain().end(),
                                   [&](const std::string& name) { return Registrable(name) != home; });
  out.Set(Finding::mxhost_alias_cross_zone, crosses, all_failed);
  out.Set(Finding::mxhost_alias_long, host.chain().size() > kChainLong, all_failed);
  out.Set(Finding::mxhost_alias_loop, host.a.loop || host.aaaa.loop, all_failed);
  out.Set(Finding::mxhost_alias_dangling, alias && no_such_name, all_failed);

  out.Set(Finding::mxhost_ipv4_only, OnlyState(host.a, host.aaaa));
  out.Set(Finding::mxhost_ipv6_only, OnlyState(host.aaaa, host.a));
  out.Set(Finding::mxhost_multi_address, host.a.addresses.size() > 1 || host.aaaa.addresses.size() > 1, any_failed);

  if (world_.options().authoritative()) {
    const auto is_zero = [](const LookupTruth& lookup) { return lookup.HasData() && lookup.ttl == 0; };
    out.Set(Finding::mxhost_ttl_zero, is_zero(host.a) || is_zero(host.aaaa), any_failed);
  }

  const auto any_global = [](const LookupTruth& lookup) {
    return std::any_of(lookup.addresses.begin(), lookup.addresses.end(), IsGlobalTruth);
  };
  host.usable = any_global(host.a) || any_global(host.aaaa) ? Usability::kYes
                : any_failed                                ? Usability::kUnknown
                                                            : Usability::kNo;
  return host;
}

// --- addresses

namespace {

bool IsIllegalHostName(std::string_view wire) {
  const Labels labels = SplitLabels(wire);
  for (int i = 0; i < labels.count; ++i) {
    const std::string_view label = LabelAt(wire, labels.offset[i]);
    if (label.front() == '-' || label.back() == '-') return true;
    for (const char c : label) {
      if (!((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-')) return true;
    }
  }
  return false;
}

bool IsDottedQuad(std::string_view wire) {
  const Labels labels = SplitLabels(wire);
  if (labels.count != 4) return false;
  IpAddress address;
  std::string text = ToText(wire);
  text.pop_back();
  return ParseAddress(text, &address);
}

constexpr Finding kPtrUnknowns[] = {Finding::ptr_nxdomain,
                                    Finding::ptr_nodata,
                                    Finding::ptr_multiple,
                                    Finding::ptr_excessive,
                                    Finding::ptr_via_alias,
                                    Finding::ptr_alias_dangling,
                                    Finding::ptr_target_alias,
                                    Finding::ptr_target_illegal,
                                    Finding::ptr_target_ip_literal,
                                    Finding::ptr_target_single_label,
                                    Finding::ptr_target_unresolvable,
                                    Finding::fcrdns_pass,
                                    Finding::fcrdns_partial,
                                    Finding::fcrdns_fail,
                                    Finding::ptr_generic};

// What became of the names of one address.
struct Confirmation {
  size_t confirmed = 0;
  size_t refuted = 0;  // definitely lead elsewhere or nowhere
  size_t open = 0;
};

void JudgeConfirmation(const Confirmation& count, AddressTruth* truth) {
  Judgement& out = truth->judgement;
  const bool open = count.open > 0;
  out.Set(Finding::fcrdns_pass, count.confirmed > 0, open);
  out.Set(Finding::fcrdns_partial, count.confirmed > 0 && count.refuted > 0,
          open && count.confirmed + count.refuted + count.open > 1);
  out.Set(Finding::fcrdns_fail, count.confirmed == 0 && !open, count.confirmed == 0 && open);
  out.Set(Finding::fcrdns_unknown, count.confirmed == 0 && open);
  truth->fcrdns = count.confirmed > 0 ? (count.refuted > 0 ? "partial" : "pass") : open ? "unknown" : "fail";
}

}  // namespace

AddressTruth Judge::JudgeAddress(const IpAddress& address) const {
  AddressTruth truth;
  truth.address = address;
  Judgement& out = truth.judgement;
  const int special = World::SpecialOf(address);
  if (special >= 0) {
    const int finding = FindingIndex(Specials()[static_cast<size_t>(special)].finding);
    if (finding >= 0) out.present.set(static_cast<size_t>(finding));
  }
  if (!IsReverseAsked(address)) return truth;
  WireName reverse_name;
  ReverseName(address, &reverse_name);
  truth.ptr = Lookup(reverse_name.view(), kTypePtr);
  const LookupTruth& ptr = truth.ptr;
  if (ptr.Failed()) {
    out.Set(Finding::ptr_lookup_servfail, ptr.how == How::kServFail);
    out.Set(Finding::ptr_lookup_refused, ptr.how == How::kRefused);
    out.Set(Finding::ptr_lookup_timeout, ptr.how == How::kTimeout);
    out.Set(Finding::fcrdns_unknown, true);
    for (const Finding id : kPtrUnknowns) out.Set(id, State::kUnknown);
    truth.fcrdns = "unknown";
    return truth;
  }
  out.Set(Finding::ptr_via_alias, !ptr.chain.empty());
  out.Set(Finding::ptr_nxdomain, ptr.how == How::kNxDomain && ptr.chain.empty());
  out.Set(Finding::ptr_alias_dangling, ptr.how == How::kNxDomain && !ptr.chain.empty());
  out.Set(Finding::ptr_nodata, ptr.how == How::kNoData);
  if (ptr.names.empty()) return truth;

  out.Set(Finding::ptr_multiple, ptr.names.size() > 1);
  out.Set(Finding::ptr_excessive, ptr.names.size() > kPtrMany);
  Reverse planted = Reverse::kMatch;
  out.Set(Finding::ptr_generic, world_.ReverseOf(address, &planted) && IsGeneric(planted));
  Confirmation count;
  bool alias = false;
  bool unresolvable = false;
  bool unresolvable_open = false;
  for (const std::string& name : ptr.names) {
    const bool single = SplitLabels(name).count == 1;
    if (single) out.Set(Finding::ptr_target_single_label, true);
    if (IsIllegalHostName(name)) out.Set(Finding::ptr_target_illegal, true);
    if (IsDottedQuad(name)) out.Set(Finding::ptr_target_ip_literal, true);
    if (single) {
      ++count.refuted;  // it never confirms, and is not looked up
      continue;
    }
    const bool v4 = address.family() == 4;
    const LookupTruth same = Lookup(name, v4 ? kTypeA : kTypeAaaa);
    alias = alias || !same.chain.empty();
    if (same.Failed()) {
      ++count.open;
      unresolvable_open = true;
      continue;
    }
    if (std::binary_search(same.addresses.begin(), same.addresses.end(), address)) {
      ++count.confirmed;
      truth.confirmed.push_back(name);
      continue;
    }
    ++count.refuted;
    if (same.HasData()) continue;
    const LookupTruth other = Lookup(name, v4 ? kTypeAaaa : kTypeA);
    unresolvable = unresolvable || other.Empty();
    unresolvable_open = unresolvable_open || other.Failed();
  }
  out.Set(Finding::ptr_target_alias, alias, count.open > 0);
  out.Set(Finding::ptr_target_unresolvable, unresolvable, unresolvable_open);
  JudgeConfirmation(count, &truth);
  return truth;
}

State AddressTruth::NotMxName(const HostTruth& host) const {
  if (!ptr.asked) return State::kAbsent;
  if (ptr.Failed()) return State::kUnknown;
  if (ptr.names.empty()) return State::kAbsent;
  const auto is_mx_name = [&host](const std::string& name) {
    return name == host.name || std::find(host.chain().begin(), host.chain().end(), name) != host.chain().end();
  };
  if (std::any_of(ptr.names.begin(), ptr.names.end(), is_mx_name)) return State::kAbsent;
  if (!confirmed.empty()) return State::kPresent;
  return fcrdns == "unknown" ? State::kUnknown : State::kAbsent;
}

}  // namespace mxscan::world
