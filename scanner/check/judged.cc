#include "scanner/check/judged.h"

#include <algorithm>
#include <map>
#include <tuple>
#include <utility>

#include "absl/strings/str_cat.h"
#include "scanner/dns/name.h"

namespace mxscan {
namespace {

// Errors first; then what failed, because it says how far the rest can be trusted.
int RankOf(const JudgedFinding& finding) {
  if (finding.state == FindingState::kUnknown) return kSeverityCount;
  switch (GetFinding(finding.id).severity) {
    case Severity::kError:
      return 0;
    case Severity::kUnknown:
      return 1;
    case Severity::kWarning:
      return 2;
    case Severity::kNotice:
      return 3;
    case Severity::kInfo:
      break;
  }
  return 4;
}

// What a class means to a person.
std::string_view InPlainWords(DomainClass domain_class) {
  switch (domain_class) {
    case DomainClass::kNullMx:
      return "takes no mail, and says so";
    case DomainClass::kMxOk:
      return "mail works";
    case DomainClass::kMxUsable:
      return "mail works, as far as could be known";
    case DomainClass::kMxDegraded:
      return "partly broken: some of its exchanges cannot take mail";
    case DomainClass::kMxBroken:
      return "broken: none of its exchanges can take mail";
    case DomainClass::kImplicitOk:
      return "mail goes to the domain's own address, for want of an MX record";
    case DomainClass::kImplicitBroken:
      return "broken: no MX record, and no address that can be reached";
    case DomainClass::kNoMail:
      return "takes no mail: neither an MX record nor an address";
    case DomainClass::kNxDomain:
      return "does not exist";
    case DomainClass::kUnknown:
      return "could not be judged: a lookup failed";
  }
  return "";
}

class Judge {
 public:
  Judge(const DomainObservation& domain, const CheckResult& result, const Suffixes& suffixes)
      : result_(result), suffixes_(suffixes) {
    judged_.domain = &domain;
  }

  JudgedDomain Run() {
    const DomainObservation& domain = *judged_.domain;
    JudgeDomain(domain, suffixes_, &judged_.verdict);
    Take(judged_.verdict.evidence);
    for (const MxObservation& record : domain.records) {
      const auto exchange = std::find_if(domain.exchanges.begin(), domain.exchanges.end(),
                                         [&](const auto& candidate) { return candidate.name == record.exchange; });
      if (exchange != domain.exchanges.end()) AddHost(exchange->host, false);
    }
    // As in a dataset: d itself is a mail host only where the implicit MX leads somewhere.
    if (domain.self != nullptr && !(domain.self->ipv4.empty() && domain.self->ipv6.empty())) {
      AddHost(domain.self, true);
    }
    SortFindings();
    return std::move(judged_);
  }

 private:
  void Take(const EvidenceList& evidence) {
    for (const Evidence& item : evidence) Take(item);
  }
  void Take(const Evidence& item) {
    JudgedFinding& finding = findings_[{item.id, item.state}];
    finding.id = item.id;
    finding.state = item.state;
    finding.subjects.push_back({std::string(item.subject), std::string(item.text)});
  }

  void AddHost(const HostRef& host, bool implicit) {
    const auto is_it = [&](const JudgedHost& known) { return known.host->name == host->name; };
    if (host == nullptr || std::any_of(judged_.hosts.begin(), judged_.hosts.end(), is_it)) return;
    HostVerdict verdict;
    JudgeHost(*host, suffixes_, &verdict);
    judged_.hosts.push_back({.host = host, .implicit = implicit, .usable = verdict.usable});
    Take(verdict.evidence);
    for (const IpAddress& address : host->ipv4) AddAddress(*host, address);
    for (const IpAddress& address : host->ipv6) AddAddress(*host, address);
  }

  void AddAddress(const HostObservation& host, const IpAddress& address) {
    const auto observed = result_.addresses.find(address);
    const bool known = observed != result_.addresses.end();
    if (judged_.FindAddress(address) == nullptr) {
      JudgedAddress judged{.address = address};
      if (known) {
        AddressVerdict verdict;
        JudgeAddress(observed->second, suffixes_, &verdict);
        judged.observed = &observed->second;
        judged.fcrdns = verdict.fcrdns;
        judged.confirmed_names = std::move(verdict.confirmed_names);
        Take(verdict.evidence);
      }
      judged_.finished = judged_.finished && known;
      judged_.address_index.emplace(address, judged_.addresses.size());
      judged_.addresses.push_back(std::move(judged));
    }
    if (!known) return;
    const FindingState state = JudgePtrNotMxName(host, observed->second);
    if (state != FindingState::kPresent && state != FindingState::kUnknown) return;
    const std::string subject = address.ToString();
    const std::string text = absl::StrCat("exchange ", NameToText(host.name));
    Take(Evidence{.id = FindingId::kPtrNotMxName, .state = state, .subject = subject, .text = text});
  }

  void SortFindings() {
    bool error_open = !judged_.finished;
    for (auto& [key, finding] : findings_) {
      const Severity severity = GetFinding(finding.id).severity;
      if (finding.state == FindingState::kUnknown) {
        ++judged_.unknown;
        error_open = error_open || severity == Severity::kError;
      } else {
        ++judged_.present[static_cast<size_t>(severity)];
      }
      std::sort(finding.subjects.begin(), finding.subjects.end(), [](const JudgedSubject& a, const JudgedSubject& b) {
        return std::tie(a.subject, a.text) < std::tie(b.subject, b.text);
      });
      judged_.findings.push_back(std::move(finding));
    }
    std::stable_sort(judged_.findings.begin(), judged_.findings.end(),
                     [](const JudgedFinding& a, const JudgedFinding& b) { return RankOf(a) < RankOf(b); });
    if (judged_.present[static_cast<size_t>(Severity::kError)] > 0) {
      judged_.worst = Worst::kError;
    } else if (error_open) {
      judged_.worst = Worst::kUnknown;
    }
  }

  const CheckResult& result_;
  const Suffixes& suffixes_;
  JudgedDomain judged_;
  std::map<std::pair<FindingId, FindingState>, JudgedFinding> findings_;
};

}  // namespace

const JudgedAddress* JudgedDomain::FindAddress(const IpAddress& address) const {
  const auto found = address_index.find(address);
  return found == address_index.end() ? nullptr : &addresses[found->second];
}

JudgedDomain JudgeForCheck(const DomainObservation& domain, const CheckResult& result, const Suffixes& suffixes) {
  return Judge(domain, result, suffixes).Run();
}

std::string Headline(const JudgedDomain& judged) {
  const DomainClass domain_class = judged.verdict.domain_class;
  const bool works = domain_class == DomainClass::kMxOk || domain_class == DomainClass::kMxUsable ||
                     domain_class == DomainClass::kImplicitOk;
  const bool but = works && judged.worst == Worst::kError;
  return absl::StrCat(std::string(InPlainWords(domain_class)), but ? "; but there are errors to mend" : "");
}

}  // namespace mxscan
