#include "scanner/check/tree.h"

#include <algorithm>
#include <cstdio>
#include <string>
#include <utility>

#include "absl/container/flat_hash_set.h"
#include "absl/strings/str_cat.h"
#include "scanner/dns/name.h"
#include "scanner/verdict/host_facts.h"

namespace mxscan {
namespace {

std::string DurationOf(uint32_t rtt_us) {
  char text[32];
  const double ms = static_cast<double>(rtt_us) / 1000;
  if (ms < 10) {
    std::snprintf(text, sizeof(text), "%.1f ms", ms);
  } else {
    std::snprintf(text, sizeof(text), "%.0f ms", ms);
  }
  return text;
}

// What a lookup without data came to.
Span OutcomeWords(const Lookup& lookup) {
  if (lookup.alias_loop) return {"alias loop", Tint::kBad};
  switch (lookup.outcome) {
    case Outcome::kNotAsked:
      return {"not asked", Tint::kFaint};
    case Outcome::kData:
      return {"answered", Tint::kNone};
    case Outcome::kNoData:
      return {"no such record", Tint::kFaint};
    case Outcome::kNxDomain:
      return {"no such name (NXDOMAIN)", Tint::kBad};
    case Outcome::kServFail:
      if (lookup.truncated) return {"failed: truncated, and no answer over TCP", Tint::kFailed};
      // FORMERR and others count as SERVFAIL; 2 is SERVFAIL itself.
      if (lookup.rcode >= 0 && lookup.rcode != 2) {
        return {absl::StrCat("failed: rcode ", lookup.rcode, ", counted as SERVFAIL"), Tint::kFailed};
      }
      if (lookup.unvalidated == Outcome::kData) {
        return {"failed: SERVFAIL, but data without validation (CD)", Tint::kBad};
      }
      if (lookup.extended_error >= 0) {
        return {absl::StrCat("failed: SERVFAIL, extended error ", lookup.extended_error), Tint::kFailed};
      }
      return {"failed: SERVFAIL", Tint::kFailed};
    case Outcome::kRefused:
      return {"failed: REFUSED", Tint::kFailed};
    case Outcome::kTimeout:
      return {"failed: no answer", Tint::kFailed};
  }
  return {};
}

std::string_view WhyNotLookedUp(ExchangeKind kind) {
  switch (kind) {
    case ExchangeKind::kRoot:
      return "the root: no mail is taken";
    case ExchangeKind::kVerification:
      return "a token that proves ownership; no host";
    case ExchangeKind::kBracketed:
    case ExchangeKind::kIpv4Literal:
    case ExchangeKind::kIpv4LiteralRelative:
    case ExchangeKind::kIpv6Literal:
      return "an address where a name belongs; not looked up";
    case ExchangeKind::kLocalhost:
    case ExchangeKind::kSpecialTld:
    case ExchangeKind::kArpa:
      return "no name of a mail host; not looked up";
    case ExchangeKind::kHost:
    case ExchangeKind::kSingleLabel:
    case ExchangeKind::kNumericTld:
      break;
  }
  return "not looked up";
}

TreeNode MoreNode(size_t more) {
  return {.spans = {{absl::StrCat("... and ", more, " more (--json tells all)"), Tint::kFaint}}};
}

class TreeMaker {
 public:
  TreeMaker(const JudgedDomain& judged, const CheckResult& result, const Suffixes& suffixes)
      : judged_(judged), domain_(*judged.domain), suffixes_(suffixes), several_servers_(result.servers.size() > 1) {}

  CheckTree Make() {
    TreeNode& root = tree_.root;
    root.spans = {{NameToText(domain_.name), Tint::kBold}};
    AddChain(domain_.mx, &root);
    if (domain_.mx.outcome == Outcome::kData) {
      AddRecords(&root);
    } else {
      root.children.push_back({.spans = {{"MX"}, OutcomeWords(domain_.mx)}, .margin = Margin(domain_.mx)});
    }
    if (domain_.self != nullptr) AddHost(*domain_.self, &root);
    AddProbe("mail.", domain_.mail_probe, &root);
    AddProbe("smtp.", domain_.smtp_probe, &root);
    AddProbe("mx.", domain_.mx_probe, &root);
    AddWildcard("MX of a random name below", domain_.below, &root);
    AddWildcard("MX of a random name beside", domain_.beside, &root);
    return std::move(tree_);
  }

 private:
  // "ttl 3600, 12 ms [2]": of a lookup; `timed` where this branch is the first of its answer.
  std::string Margin(const Lookup& lookup, bool timed = true) {
    std::string text;
    if (lookup.outcome == Outcome::kData) text = absl::StrCat("ttl ", lookup.ttl);
    if (!timed || lookup.server < 0) return text;
    absl::StrAppend(&text, text.empty() ? "" : ", ", DurationOf(lookup.rtt_us));
    if (several_servers_) {
      absl::StrAppend(&text, " [", lookup.server + 1, "]");
      tree_.servers.insert(lookup.server);
    }
    return text;
  }

  static void AddChain(const Lookup& lookup, TreeNode* parent) {
    for (const std::string& name : lookup.chain) {
      parent->children.push_back(
          {.spans = {{"CNAME"}, {NameToText(name)}, {lookup.via_dname ? "(by a DNAME)" : "", Tint::kFaint}}});
    }
  }

  void AddRecords(TreeNode* root) {
    for (size_t i = 0; i < domain_.records.size(); ++i) {
      if (i == kShownRecordsMax) {
        root->children.push_back(MoreNode(domain_.records.size() - i));
        return;
      }
      const MxObservation& record = domain_.records[i];
      Lookup lookup = domain_.mx;
      lookup.ttl = record.ttl;
      TreeNode node{.spans = {{absl::StrCat("MX ", record.preference)}, {NameToText(record.exchange), Tint::kBold}},
                    .margin = Margin(lookup, i == 0)};
      AddExchange(i, &node);
      root->children.push_back(std::move(node));
    }
  }

  void AddExchange(size_t record, TreeNode* node) {
    const Name& name = domain_.records[record].exchange;
    const auto exchange = std::find_if(domain_.exchanges.begin(), domain_.exchanges.end(),
                                       [&](const auto& candidate) { return candidate.name == name; });
    if (exchange == domain_.exchanges.end() || exchange->host == nullptr) {
      const ExchangeKind kind = ClassifyExchange(name, domain_.name, suffixes_);
      if (IsLookedUp(kind) && !domain_.addresses_asked) return;
      const bool meant = kind == ExchangeKind::kRoot || kind == ExchangeKind::kVerification;
      node->spans.push_back({std::string(WhyNotLookedUp(kind)), meant ? Tint::kFaint : Tint::kBad});
      return;
    }
    const Usable usable = judged_.verdict.mx[record].usable;
    if (usable == Usable::kNo) node->spans.push_back({"cannot take mail", Tint::kBad});
    if (usable == Usable::kUnknown) node->spans.push_back({"not known", Tint::kFailed});
    if (!hosts_shown_.insert(exchange->host->name).second) {
      node->spans.push_back({"(as above)", Tint::kFaint});
      return;
    }
    AddHost(*exchange->host, node);
    if (!exchange->stripped.empty()) {
      AddProbe("perhaps meant:", NameToText(exchange->stripped), exchange->stripped_probe, node);
    }
    if (exchange->registrable_probe.outcome != Outcome::kNotAsked) {
      AddProbe("registrable domain:", NameToText(suffixes_.Registrable(name)), exchange->registrable_probe, node);
    }
  }

  void AddHost(const HostObservation& host, TreeNode* parent) {
    AddChain(AliasLookup(host), parent);
    AddFamily("A", host.a, host.ipv4, parent);
    AddFamily("AAAA", host.aaaa, host.ipv6, parent);
  }

  void AddFamily(const char* type, const Lookup& lookup, const AddressList& addresses, TreeNode* parent) {
    if (lookup.outcome == Outcome::kNotAsked) return;
    if (addresses.empty()) {
      parent->children.push_back({.spans = {{type}, OutcomeWords(lookup)}, .margin = Margin(lookup)});
      return;
    }
    for (size_t i = 0; i < addresses.size(); ++i) {
      if (i == kShownAddressesMax) {
        parent->children.push_back(MoreNode(addresses.size() - i));
        return;
      }
      TreeNode node{.spans = {{absl::StrCat(type, " ", addresses[i].ToString())}}, .margin = Margin(lookup, i == 0)};
      AddReverse(addresses[i], &node);
      parent->children.push_back(std::move(node));
    }
  }

  void AddReverse(const IpAddress& address, TreeNode* node) {
    if (!IsGlobal(address)) node->spans.push_back({"cannot be reached from the Internet", Tint::kBad});
    const JudgedAddress* judged = judged_.FindAddress(address);
    if (judged == nullptr) return;  // of a host that is not judged
    if (judged->observed == nullptr) {
      node->children.push_back({.spans = {{"PTR"}, {"not known: the check ended before", Tint::kFailed}}});
      return;
    }
    const AddressObservation& observed = *judged->observed;
    if (!observed.asked) return;
    if (!addresses_shown_.insert(address).second) {
      node->children.push_back({.spans = {{"PTR"}, {"as above", Tint::kFaint}}});
      return;
    }
    AddChain(observed.ptr, node);
    if (observed.names.empty()) {
      node->children.push_back({.spans = {{"PTR"}, OutcomeWords(observed.ptr)}, .margin = Margin(observed.ptr)});
    }
    for (size_t i = 0; i < observed.names.size(); ++i) {
      if (i == kShownNamesMax) {
        node->children.push_back(MoreNode(observed.names.size() - i));
        return;
      }
      const PtrNameObservation& name = observed.names[i];
      TreeNode child{.spans = {{"PTR"}, {NameToText(name.name)}}, .margin = Margin(observed.ptr, i == 0)};
      if (observed.confirm_asked) child.spans.push_back(Confirmation(name, address.family()));
      node->children.push_back(std::move(child));
    }
  }

  static Span Confirmation(const PtrNameObservation& name, int family) {
    if (name.confirms) return {"confirmed", Tint::kGood};
    if (CountLabels(name.name) <= 1) return {"not confirmed: one label only", Tint::kDoubt};
    if (!name.asked) return {"not looked up: too many names", Tint::kFailed};
    switch (name.same_family.outcome) {
      case Outcome::kData:
        return {"not confirmed: has other addresses", Tint::kDoubt};
      case Outcome::kNoData:
        return {family == 4 ? "not confirmed: has no A record" : "not confirmed: has no AAAA record", Tint::kDoubt};
      case Outcome::kNxDomain:
        return {"not confirmed: no such name", Tint::kDoubt};
      default:
        return {absl::StrCat("not known: ", OutcomeWords(name.same_family).text), Tint::kFailed};
    }
  }

  void AddProbe(std::string_view label, const Probe& probe, TreeNode* parent) {
    if (probe.outcome == Outcome::kNotAsked) return;
    AddProbe("also asked:", absl::StrCat(std::string(label), NameToText(domain_.name)), probe, parent);
  }

  static void AddProbe(const char* what, const std::string& name, const Probe& probe, TreeNode* parent) {
    TreeNode node{.spans = {{what, Tint::kFaint}, {name}}};
    if (probe.outcome == Outcome::kData) {
      const size_t shown = std::min<size_t>(probe.addresses.size(), 2);
      for (size_t i = 0; i < shown; ++i) node.spans.push_back({probe.addresses[i].ToString()});
      if (probe.addresses.size() > shown) node.spans.push_back({"..."});
    } else {
      Lookup lookup;
      lookup.outcome = probe.outcome;
      Span words = probe.outcome == Outcome::kNoData ? Span{"no address"} : OutcomeWords(lookup);
      node.spans.push_back({words.text, IsFailed(probe.outcome) ? Tint::kFailed : Tint::kFaint});
    }
    parent->children.push_back(std::move(node));
  }

  void AddWildcard(const char* what, const WildcardRef& probe, TreeNode* root) const {
    if (probe == nullptr || probe->outcome == Outcome::kNotAsked) return;
    const auto same_record = [](const MxObservation& a, const MxObservation& b) {
      return a.preference == b.preference && a.exchange == b.exchange;
    };
    const bool same = std::equal(probe->records.begin(), probe->records.end(), domain_.records.begin(),
                                 domain_.records.end(), same_record);
    TreeNode node{.spans = {{"also asked:", Tint::kFaint}, {what}}};
    if (probe->outcome == Outcome::kData) {
      node.spans.push_back({same ? "the same: a wildcard" : "other records: a wildcard", Tint::kDoubt});
    } else {
      node.spans.push_back(
          {IsFailed(probe->outcome) ? "failed" : "none", IsFailed(probe->outcome) ? Tint::kFailed : Tint::kFaint});
    }
    root->children.push_back(std::move(node));
  }

  const JudgedDomain& judged_;
  const DomainObservation& domain_;
  const Suffixes& suffixes_;
  const bool several_servers_;
  CheckTree tree_;
  absl::flat_hash_set<std::string> hosts_shown_;
  absl::flat_hash_set<IpAddress> addresses_shown_;
};

}  // namespace

CheckTree MakeTree(const JudgedDomain& judged, const CheckResult& result, const Suffixes& suffixes) {
  return TreeMaker(judged, result, suffixes).Make();
}

}  // namespace mxscan
