// The verdict on a domain: its class, the findings of its MX set and of its single exchanges.
#include <algorithm>
#include <array>
#include <set>

#include "io/check.h"
#include "tests/world/truth.h"

namespace mxscan::world {

namespace {

constexpr size_t kHostsMany = 10;
constexpr uint32_t kTtlWeek = 604800;
constexpr uint32_t kTtlFiveMinutes = 300;
constexpr uint32_t kTtlNone = 0x80000000;  // RFC 2181 8

bool EndsIn(std::string_view wire, std::string_view dotted) {
  // Whole labels only: the octet before the match must end a label, so labels are compared from the right.
  const Labels labels = SplitLabels(wire);
  int at = labels.count;
  while (true) {
    const size_t dot = dotted.rfind('.');
    const std::string_view label = dot == std::string_view::npos ? dotted : dotted.substr(dot + 1);
    if (--at < 0 || LabelAt(wire, labels.offset[at]) != label) return false;
    if (dot == std::string_view::npos) return true;
    dotted = dotted.substr(0, dot);
  }
}

std::string Dotted(std::string_view wire) {
  std::string text;
  const Labels labels = SplitLabels(wire);
  for (int i = 0; i < labels.count; ++i) {
    if (i > 0) text.push_back('.');
    text.append(LabelAt(wire, labels.offset[i]));
  }
  return text;
}

// What stands before `zone` in `wire`, with a root label; empty where nothing does.
std::string Before(std::string_view wire, std::string_view zone) {
  if (wire.size() <= zone.size() || !wire.ends_with(zone)) return {};
  return std::string(wire.substr(0, wire.size() - zone.size())) + std::string(1, '\0');
}

bool IsAddressText(const std::string& text, int family) {
  IpAddress address;
  return ParseAddress(text, &address) && address.family() == family;
}

// The zones that a relative name of d's master file may have been completed with.
std::vector<std::string> ZonesOfDomain(std::string_view domain, std::string_view registrable) {
  std::vector<std::string> zones;
  for (std::string_view zone = domain; zone.size() > 1; zone = zone.substr(1U + static_cast<uint8_t>(zone[0]))) {
    zones.emplace_back(zone);
    if (registrable.empty() || zone == registrable) break;
  }
  return zones;
}

bool IsDigits(std::string_view label) {
  return std::all_of(label.begin(), label.end(), [](char c) { return c >= '0' && c <= '9'; });
}

// The only A-label of the world that decodes; see the plans good_alabel and bad_alabel.
constexpr std::string_view kGoodALabel = "xn--mnchen-3ya";

void JudgeCharacters(std::string_view wire, Judgement* out) {
  const Labels labels = SplitLabels(wire);
  for (int i = 0; i < labels.count; ++i) {
    const std::string_view label = LabelAt(wire, labels.offset[i]);
    for (const char c : label) {
      const auto octet = static_cast<uint8_t>(c);
      const bool plain = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
      if (c == '_') out->Set(Finding::mx_exchange_underscore, true);
      if (!plain) out->Set(Finding::mx_exchange_illegal_char, true);
      if (octet > 127) out->Set(Finding::mx_exchange_nonascii, true);
    }
    if (label.front() == '-' || label.back() == '-') out->Set(Finding::mx_exchange_bad_hyphen, true);
    if (label.size() >= 4 && label.substr(2, 2) == "--") {
      if (!label.starts_with("xn")) {
        out->Set(Finding::mx_exchange_double_hyphen, true);
      } else if (label != kGoodALabel) {
        out->Set(Finding::mx_exchange_bad_alabel, true);
      }
    }
  }
}

constexpr Finding kUnknownWithoutMx[] = {Finding::domain_nxdomain,
                                         Finding::domain_is_alias,
                                         Finding::domain_alias_dangling,
                                         Finding::domain_alias_loop,
                                         Finding::domain_alias_long,
                                         Finding::cname_coexists,
                                         Finding::domain_no_ipv6_mx,
                                         Finding::domain_no_ipv4_mx,
                                         Finding::mx_none_implicit,
                                         Finding::implicit_mx_suspect,
                                         Finding::mx_none_no_address,
                                         Finding::mx_none_address_unknown,
                                         Finding::null_mx,
                                         Finding::null_mx_nonzero_pref,
                                         Finding::null_mx_not_sole,
                                         Finding::mx_single,
                                         Finding::mx_many,
                                         Finding::mx_duplicate_target,
                                         Finding::mx_equal_preference,
                                         Finding::mx_backup_present,
                                         Finding::mx_shared_address,
                                         Finding::mx_no_address_diversity,
                                         Finding::mx_same_prefix,
                                         Finding::mx_all_unusable,
                                         Finding::mx_some_unusable,
                                         Finding::mx_primary_unusable,
                                         Finding::mx_external,
                                         Finding::mx_loop_risk,
                                         Finding::mx_target_self,
                                         Finding::mx_ttl_high};

constexpr Finding kUnknownWithoutAuthority[] = {Finding::mx_rr_duplicate, Finding::mx_ttl_zero, Finding::mx_ttl_low,
                                                Finding::mx_ttl_mixed, Finding::mx_ttl_invalid};

}  // namespace

const ExchangeTruth& DomainTruth::Exchange(std::string_view wire) const {
  const auto at = std::find_if(exchanges.begin(), exchanges.end(),
                               [wire](const ExchangeTruth& exchange) { return exchange.name == wire; });
  MXSCAN_CHECK(at != exchanges.end());
  return *at;
}

// --- one exchange

// The kind of the name, the first that fits, and its characters. Sets looked_up.
void Judge::JudgeExchangeName(const DomainTruth& domain, ExchangeTruth* exchange) const {
  const std::string& wire = exchange->name;
  const std::string text = Dotted(wire);
  const Labels labels = SplitLabels(wire);
  const std::string_view last = LabelAt(wire, labels.offset[labels.count - 1]);
  const std::vector<std::string> zones = ZonesOfDomain(domain.name, Registrable(domain.name));
  const auto relative = [&](int family) {
    return std::any_of(zones.begin(), zones.end(), [&](const std::string& zone) {
      const std::string before = Before(wire, zone);
      return !before.empty() && IsAddressText(Dotted(before), family);
    });
  };
  const auto is_special = [&] {
    for (const std::string_view tld : {"invalid", "test", "local", "onion", "internal", "alt", "home.arpa"}) {
      if (EndsIn(wire, tld)) return true;
    }
    for (const std::string_view name : {"example", "example.com", "example.net", "example.org"}) {
      if (EndsIn(wire, name)) return true;  // no domain of the world stands under them
    }
    return false;
  };
  Judgement& out = exchange->judgement;
  const auto syntactic = [&out](Finding id) { out.Set(id, true); };
  if (exchange->token) {
    syntactic(Finding::mx_verification_token);
    return JudgeCharacters(wire, &out);
  }
  if (text.front() == '[') return syntactic(Finding::mx_exchange_bracketed);
  if (IsAddressText(text, 4)) return syntactic(Finding::mx_exchange_ipv4_literal);
  if (relative(4)) return syntactic(Finding::mx_exchange_ipv4_literal_relative);
  if (IsAddressText(text, 6) || relative(6)) return syntactic(Finding::mx_exchange_ipv6_literal);
  JudgeCharacters(wire, &out);
  if (last == "localhost" || text == "localhost.localdomain") return syntactic(Finding::mx_exchange_localhost);
  if (is_special()) return syntactic(Finding::mx_exchange_special_tld);
  if (last == "arpa") return syntactic(Finding::mx_exchange_arpa);
  if (labels.count == 1) {
    syntactic(Finding::mx_exchange_single_label);
  } else if (IsDigits(last)) {
    syntactic(Finding::mx_exchange_numeric_tld);
  }
  exchange->looked_up = true;
}

// X.zone where X repeats the zone, or ends in a public suffix of the list.
bool Judge::SuspectsMissingDot(const DomainTruth& domain, std::string_view exchange) const {
  for (const std::string& zone : ZonesOfDomain(domain.name, Registrable(domain.name))) {
    const std::string before = Before(exchange, zone);
    if (before.empty()) continue;
    if (before.ends_with(zone)) return true;
    const int count = SplitLabels(before).count;
    for (const std::string_view suffix : Suffixes()) {
      const bool listed =
          psl_is_public_suffix2(list_, std::string(suffix).c_str(), PSL_TYPE_ANY | PSL_TYPE_NO_STAR_RULE) != 0;
      const int labels = 1 + static_cast<int>(std::count(suffix.begin(), suffix.end(), '.'));
      if (listed && count > labels && EndsIn(before, suffix)) return true;
    }
  }
  return false;
}

void Judge::JudgeLookedUp(const DomainTruth& domain, ExchangeTruth* exchange) const {
  exchange->host = JudgeHost(exchange->name);
  exchange->usable = exchange->host.usable;
  const LookupTruth& a = exchange->host.a;
  const LookupTruth& aaaa = exchange->host.aaaa;
  const bool failed = a.Failed() || aaaa.Failed();
  Judgement& out = exchange->judgement;
  if (!a.HasData() && !aaaa.HasData() && SuspectsMissingDot(domain, exchange->name)) {
    out.Set(Finding::mx_exchange_missing_dot, !failed, failed);
  }
  const bool found = a.HasData() || aaaa.HasData() || a.how == How::kNoData || aaaa.how == How::kNoData;
  if (found || !exchange->host.chain().empty()) return;
  const std::string registrable = Registrable(exchange->name);
  if (registrable.empty() || registrable == Registrable(domain.name)) return;
  if (failed) return out.Set(Finding::mx_exchange_dangling_registrable, State::kUnknown);
  const LookupTruth above = Lookup(registrable, kTypeA);
  out.Set(Finding::mx_exchange_dangling_registrable, above.how == How::kNxDomain && above.chain.empty(),
          above.Failed());
}

void Judge::JudgeExchange(const DomainTruth& domain, ExchangeTruth* exchange) const {
  exchange->root = exchange->name.size() == 1;
  if (exchange->root) return;
  exchange->token = EndsIn(exchange->name, "msv1.invalid");
  JudgeExchangeName(domain, exchange);
  if (exchange->looked_up) JudgeLookedUp(domain, exchange);
}

// --- without MX records

void Judge::JudgeFailedMx(DomainTruth* domain) const {
  Judgement& out = domain->judgement;
  domain->domain_class = "unknown";
  State bogus = State::kAbsent;
  if (world_.options().bogus) bogus = BogusState(domain->mx, domain->name, kTypeMx);
  out.Set(Finding::domain_dnssec_bogus, bogus);
  out.Set(Finding::domain_lookup_servfail, domain->mx.how == How::kServFail && bogus != State::kPresent);
  out.Set(Finding::domain_lookup_refused, domain->mx.how == How::kRefused);
  out.Set(Finding::domain_lookup_timeout, domain->mx.how == How::kTimeout);
  out.Set(Finding::mx_truncated, domain->mx.truncated);
  for (const Finding id : kUnknownWithoutMx) out.Set(id, State::kUnknown);
  if (world_.options().authoritative()) {
    for (const Finding id : kUnknownWithoutAuthority) out.Set(id, State::kUnknown);
  }
  if (world_.options().every_server) out.Set(Finding::mx_rrset_inconsistent, State::kUnknown);
  if (SplitLabels(domain->name).count == 1) out.Set(Finding::mx_on_tld, State::kUnknown);
}

// What a label that nobody chose answers under d, and beside d where its parent is no public suffix.
void Judge::JudgeWildcards(DomainTruth* domain) const {
  if (!world_.options().wildcard) return;
  const LookupTruth& mx = domain->mx;
  const auto judge = [&](Finding id, std::string_view zone) {
    if (mx.Failed()) return domain->judgement.Set(id, State::kUnknown);
    if (!mx.HasData()) return;
    WireName name;
    name.Clear();
    name.AddLabel("qwertyuiopasdfgh");
    name.AddSuffix(zone);
    const LookupTruth probe = Lookup(name.view(), kTypeMx);
    domain->judgement.Set(id, probe.mx == mx.mx, probe.Failed());
  };
  judge(Finding::mx_wildcard, domain->name);
  const std::string registrable = Registrable(domain->name);
  if (registrable.empty() || registrable == domain->name) return;
  judge(Finding::domain_from_wildcard,
        std::string_view(domain->name).substr(1U + static_cast<uint8_t>(domain->name[0])));
}

// Of mail.d, smtp.d and mx.d: one has addresses, and none of them is d's.
State Judge::SuspectState(const DomainTruth& domain) const {
  State state = State::kAbsent;
  for (const std::string_view label : {"mail", "smtp", "mx"}) {
    WireName name;
    name.Clear();
    name.AddLabel(label);
    name.AddSuffix(domain.name);
    bool has_address = false;
    bool shares = false;
    bool open = false;
    for (const uint16_t type : {kTypeA, kTypeAaaa}) {
      const LookupTruth probe = Lookup(name.view(), type);
      const LookupTruth& own = type == kTypeA ? domain.self.a : domain.self.aaaa;
      open = open || probe.Failed() || (probe.HasData() && own.Failed());
      has_address = has_address || probe.HasData();
      for (const IpAddress& address : probe.addresses) {
        shares = shares || std::binary_search(own.addresses.begin(), own.addresses.end(), address);
      }
    }
    if (shares) continue;
    if (has_address && !open) return State::kPresent;
    if (open) state = State::kUnknown;
  }
  return state;
}

void Judge::JudgeWithoutMx(DomainTruth* domain) const {
  Judgement& out = domain->judgement;
  domain->self_asked = true;
  domain->self = JudgeHost(domain->name);
  const HostTruth& self = domain->self;
  const bool has_address = self.a.HasData() || self.aaaa.HasData();
  const bool failed = self.a.Failed() || self.aaaa.Failed();
  const bool open = !has_address && failed;
  out.Set(Finding::mx_none_implicit, has_address, open);
  out.Set(Finding::mx_none_no_address, !has_address && !failed, open);
  out.Set(Finding::mx_none_address_unknown, open);
  out.Set(Finding::implicit_mx_suspect, has_address ? SuspectState(*domain) : open ? State::kUnknown : State::kAbsent);
  // One of d's own lookups failed: it might have shown an alias beside data.
  out.Set(Finding::cname_coexists, false, failed);
  if (!domain->mx.chain.empty()) out.Set(Finding::domain_is_alias, has_address, open);
  domain->domain_class = self.usable == Usability::kYes       ? "implicit_ok"
                         : self.usable == Usability::kUnknown ? "unknown"
                         : has_address                        ? "implicit_broken"
                                                              : "no_mail";
}

// --- MX records

void Judge::JudgeSetAddresses(DomainTruth* domain) const {
  Judgement& out = domain->judgement;
  std::set<IpAddress> v4;
  std::set<IpAddress> v6;
  size_t hosts = 0;
  size_t addresses = 0;
  bool failed = false;
  bool shared_open = false;
  std::array<size_t, 2> may_have{};  // hosts that have, or may have, addresses of the family
  std::array<size_t, 2> families_failed{};
  bool any4 = false;
  bool any6 = false;
  for (const ExchangeTruth& exchange : domain->exchanges) {
    if (!exchange.InSet()) continue;
    ++hosts;
    if (!exchange.looked_up) continue;
    const HostTruth& host = exchange.host;
    v4.insert(host.a.addresses.begin(), host.a.addresses.end());
    v6.insert(host.aaaa.addresses.begin(), host.aaaa.addresses.end());
    addresses += host.a.addresses.size() + host.aaaa.addresses.size();
    any4 = any4 || host.a.HasData();
    any6 = any6 || host.aaaa.HasData();
    for (const LookupTruth* lookup : {&host.a, &host.aaaa}) {
      const size_t family = lookup == &host.a ? 0 : 1;
      may_have[family] += lookup->HasData() || lookup->Failed() ? 1 : 0;
      families_failed[family] += lookup->Failed() ? 1 : 0;
      failed = failed || lookup->Failed();
    }
  }
  for (size_t family = 0; family < 2; ++family) {
    shared_open = shared_open || (families_failed[family] > 0 && may_have[family] > 1);
  }
  out.Set(Finding::mx_shared_address, addresses > v4.size() + v6.size(), shared_open);
  const bool alike = hosts > 1 && v4.size() <= 1 && v6.size() <= 1;
  out.Set(Finding::mx_no_address_diversity, alike && !failed, alike);
  const auto one_prefix = [](const std::set<IpAddress>& set, size_t octets) {
    return std::all_of(set.begin(), set.end(), [&](const IpAddress& address) {
      return std::equal(address.data(), address.data() + octets, set.begin()->data());
    });
  };
  const bool prefix = one_prefix(v4, 3) && one_prefix(v6, 6);
  out.Set(Finding::mx_same_prefix, prefix && !failed && v4.size() + v6.size() > 1, prefix && failed);
  if (hosts == 0) return;
  out.Set(Finding::domain_no_ipv4_mx, !any4 && families_failed[0] == 0, !any4);
  out.Set(Finding::domain_no_ipv6_mx, !any6 && families_failed[1] == 0, !any6);
}

void Judge::JudgeSetUsability(DomainTruth* domain) const {
  Judgement& out = domain->judgement;
  std::array<size_t, 3> count{};  // by Usability
  uint16_t lowest = UINT16_MAX;
  for (const ExchangeTruth& exchange : domain->exchanges) {
    if (!exchange.InSet()) continue;
    ++count[static_cast<size_t>(exchange.usable)];
    lowest = std::min(lowest, exchange.preferences.front());
  }
  const size_t no = count[0];
  const size_t yes = count[1];
  const size_t open = count[2];
  const size_t hosts = no + yes + open;
  out.Set(Finding::mx_all_unusable, hosts > 0 && no == hosts, hosts > 0 && yes == 0 && open > 0);
  out.Set(Finding::mx_some_unusable, no > 0 && yes > 0, hosts > 1 && yes + open > 0 && no + open > 0);
  std::array<size_t, 3> primary{};
  for (const ExchangeTruth& exchange : domain->exchanges) {
    if (exchange.InSet() && exchange.preferences.front() == lowest) ++primary[static_cast<size_t>(exchange.usable)];
  }
  const bool others_yes = yes > primary[1];
  const bool others_open = open > primary[2];
  out.Set(Finding::mx_primary_unusable, hosts > 0 && primary[1] == 0 && primary[2] == 0 && others_yes,
          hosts > 0 && primary[1] == 0 && (others_yes || others_open));
  if (SplitLabels(domain->name).count == 1) out.Set(Finding::mx_on_tld, yes > 0, open > 0);

  const bool has_root = std::any_of(domain->exchanges.begin(), domain->exchanges.end(),
                                    [](const ExchangeTruth& exchange) { return exchange.root; });
  if (hosts == 0) {
    domain->domain_class = has_root ? "null_mx" : "mx_ok";
  } else if (yes == 0) {
    domain->domain_class = open > 0 ? "unknown" : "mx_broken";
  } else if (no > 0 || has_root) {
    domain->domain_class = "mx_degraded";
  } else {
    domain->domain_class = open > 0 ? "mx_usable" : "mx_ok";
  }
}

bool Judge::IsExternal(const DomainTruth& domain, const ExchangeTruth& exchange) const {
  if (!exchange.looked_up || exchange.name == domain.name) return false;
  const std::string own = Registrable(domain.name);
  // A public suffix has no registrable domain; only d itself is not external to it.
  return own.empty() || Registrable(exchange.name) != own;
}

// The mail goes to others first, and to a host of d's own after them.
void Judge::JudgeLoopRisk(DomainTruth* domain) const {
  uint16_t lowest = UINT16_MAX;
  for (const ExchangeTruth& exchange : domain->exchanges) {
    if (exchange.InSet()) lowest = std::min(lowest, exchange.preferences.front());
  }
  bool others_first = true;
  bool own_behind = false;
  for (const ExchangeTruth& exchange : domain->exchanges) {
    if (!exchange.InSet()) continue;
    const bool external = IsExternal(*domain, exchange);
    if (exchange.preferences.front() == lowest) others_first = others_first && external;
    if (exchange.preferences.front() > lowest) own_behind = own_behind || (exchange.looked_up && !external);
  }
  domain->judgement.Set(Finding::mx_loop_risk, others_first && own_behind);
}

void Judge::JudgeSet(DomainTruth* domain) const {
  Judgement& out = domain->judgement;
  std::set<uint16_t> preferences;
  size_t hosts = 0;
  size_t records = 0;
  uint16_t lowest = UINT16_MAX;
  for (const ExchangeTruth& exchange : domain->exchanges) {
    records += exchange.preferences.size();
    if (exchange.root) {
      const bool nonzero = exchange.preferences.back() != 0;
      if (nonzero) out.Set(Finding::null_mx_nonzero_pref, true);
      continue;
    }
    if (exchange.name == domain->name) out.Set(Finding::mx_target_self, true);
    if (IsExternal(*domain, exchange)) out.Set(Finding::mx_external, true);
    if (exchange.token) continue;
    ++hosts;
    preferences.insert(exchange.preferences.begin(), exchange.preferences.end());
    lowest = std::min(lowest, exchange.preferences.front());
    if (exchange.preferences.size() > 1) out.Set(Finding::mx_duplicate_target, true);
  }
  const auto primary = std::count_if(domain->exchanges.begin(), domain->exchanges.end(), [&](const ExchangeTruth& e) {
    return e.InSet() && e.preferences.front() == lowest;
  });
  const bool has_root = !domain->exchanges.empty() && domain->exchanges.front().root;
  out.Set(Finding::null_mx, has_root && records == 1);
  out.Set(Finding::null_mx_not_sole, has_root && records > 1);
  out.Set(Finding::mx_single, hosts == 1);
  out.Set(Finding::mx_many, hosts > kHostsMany);
  out.Set(Finding::mx_equal_preference, primary > 1);
  out.Set(Finding::mx_backup_present, hosts > 1 && preferences.size() > 1);
  const LookupTruth& mx = domain->mx;
  out.Set(Finding::mx_ttl_high, mx.ttl > kTtlWeek && mx.ttl < kTtlNone);
  if (world_.options().authoritative()) {
    out.Set(Finding::mx_rr_duplicate, mx.record_twice);
    out.Set(Finding::mx_ttl_zero, mx.ttl == 0);
    out.Set(Finding::mx_ttl_low, mx.ttl > 0 && mx.ttl < kTtlFiveMinutes);
    out.Set(Finding::mx_ttl_mixed, mx.ttl != mx.highest_ttl);
    out.Set(Finding::mx_ttl_invalid, mx.highest_ttl >= kTtlNone);
  }
  if (world_.options().every_server) {
    const Second second = world_.PlanOf(domain->index).second;
    out.Set(Finding::mx_rrset_inconsistent, second == Second::kOtherSet || second == Second::kNone,
            second == Second::kServFail || second == Second::kSilent);
  }
  JudgeLoopRisk(domain);
  JudgeSetAddresses(domain);
  JudgeSetUsability(domain);
}

DomainTruth Judge::JudgeDomain(uint64_t i) const {
  DomainTruth domain;
  domain.index = i;
  WireName name;
  world_.DomainWire(i, &name);
  domain.name = std::string(name.view());
  domain.mx = Lookup(domain.name, kTypeMx);
  const LookupTruth& mx = domain.mx;
  JudgeWildcards(&domain);
  if (world_.options().authoritative()) {
    domain.judgement.Set(Finding::domain_apex_cname, mx.apex_cname, mx.Failed());
  }
  if (mx.Failed()) {
    JudgeFailedMx(&domain);
    return domain;
  }
  Judgement& out = domain.judgement;
  const bool alias = !mx.chain.empty();
  out.Set(Finding::domain_nxdomain, mx.how == How::kNxDomain && !alias);
  out.Set(Finding::domain_alias_dangling, mx.how == How::kNxDomain && alias);
  out.Set(Finding::domain_alias_loop, mx.loop);
  out.Set(Finding::domain_alias_long, mx.chain.size() > kChainLong);
  out.Set(Finding::domain_is_alias, mx.how == How::kData && alias);
  out.Set(Finding::cname_coexists, mx.coexists);
  if (mx.loop) {
    domain.domain_class = "mx_broken";
  } else if (mx.how == How::kNxDomain) {
    domain.domain_class = "nxdomain";
  } else if (mx.how == How::kNoData) {
    JudgeWithoutMx(&domain);
  } else {
    for (const auto& [preference, exchange] : mx.mx) {
      auto at = std::find_if(domain.exchanges.begin(), domain.exchanges.end(),
                             [&wire = exchange](const ExchangeTruth& known) { return known.name == wire; });
      if (at == domain.exchanges.end()) {
        domain.exchanges.emplace_back();
        at = domain.exchanges.end() - 1;
        at->name = exchange;
      }
      at->preferences.push_back(preference);
    }
    std::sort(domain.exchanges.begin(), domain.exchanges.end(),
              [](const ExchangeTruth& a, const ExchangeTruth& b) { return a.name < b.name; });
    for (ExchangeTruth& exchange : domain.exchanges) JudgeExchange(domain, &exchange);
    JudgeSet(&domain);
  }
  return domain;
}

}  // namespace mxscan::world
