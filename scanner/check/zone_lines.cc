#include "scanner/check/zone_lines.h"

#include <algorithm>
#include <optional>
#include <set>

#include "absl/strings/str_cat.h"
#include "scanner/dns/name.h"
#include "scanner/verdict/host_facts.h"
#include "scanner/verdict/name_syntax.h"

namespace mxscan {
namespace {

constexpr size_t kLinesMax = 3;

class LineMaker {
 public:
  LineMaker(const JudgedFinding& finding, const JudgedDomain& judged, const Suffixes& suffixes)
      : finding_(finding), judged_(judged), domain_(*judged.domain), suffixes_(suffixes) {
    owner_ = NameToText(domain_.mx.chain.empty() ? domain_.name : domain_.mx.chain.back());
  }

  std::string Make() {
    switch (finding_.id) {
      case FindingId::kMxNoneImplicit:
        // What holds already, said openly.
        return Mx(10, owner_);
      case FindingId::kImplicitMxSuspect:
        return Suspect();
      case FindingId::kNullMxNonzeroPref:
        return Mx(0, ".");
      case FindingId::kMxExchangeIpv4Literal:
        return ForEachExchange([this](const MxObservation& record, const ExchangeObservation&) {
          const std::string literal = NameToText(record.exchange);
          std::string address = literal.substr(0, literal.size() - 1);
          return absl::StrCat(Mx(record.preference, "mail." + owner_), "\nmail.", owner_, " IN A ", address);
        });
      case FindingId::kMxExchangeMissingDot:
        return ForEachExchange([this](const MxObservation& record, const ExchangeObservation& exchange) {
          Name meant;
          if (IsEmpty(exchange.stripped_probe.outcome) ||
              !SuspectMissingDot(record.exchange, domain_.name, suffixes_, &meant)) {
            return std::string();
          }
          return Mx(record.preference, NameToText(meant));
        });
      case FindingId::kMxhostAlias:
      case FindingId::kMxhostDnameAlias:
        return ForEachExchange([this](const MxObservation& record, const ExchangeObservation& exchange) {
          if (exchange.host == nullptr || !IsAlias(*exchange.host) || HasAddress(*exchange.host) != Fact::kYes) {
            return std::string();
          }
          return Mx(record.preference, NameToText(AliasLookup(*exchange.host).chain.back()));
        });
      case FindingId::kPtrNxdomain:
      case FindingId::kPtrNodata:
      case FindingId::kFcrdnsFail:
        return Reverse();
      default:
        return "";
    }
  }

 private:
  std::string Mx(int preference, const std::string& exchange) const {
    return absl::StrCat(owner_, " IN MX ", preference, " ", exchange);
  }

  // The lines that `make` gives for the records whose exchange is a subject of the finding.
  template <typename F>
  std::string ForEachExchange(F make) const {
    std::string text;
    size_t lines = 0;
    for (const MxObservation& record : domain_.records) {
      const std::string name = NameToText(record.exchange);
      const bool subject = std::any_of(finding_.subjects.begin(), finding_.subjects.end(),
                                       [&](const JudgedSubject& evidence) { return evidence.subject == name; });
      const auto exchange = std::find_if(domain_.exchanges.begin(), domain_.exchanges.end(),
                                         [&](const auto& candidate) { return candidate.name == record.exchange; });
      if (!subject || exchange == domain_.exchanges.end() || lines == kLinesMax) continue;
      const std::string made = make(record, *exchange);
      if (made.empty()) continue;
      absl::StrAppend(&text, text.empty() ? "" : "\n", made);
      ++lines;
    }
    return text;
  }

  std::string Suspect() const {
    constexpr const char* kLabels[] = {"mail.", "smtp.", "mx."};
    const Probe* const probes[] = {&domain_.mail_probe, &domain_.smtp_probe, &domain_.mx_probe};
    for (size_t i = 0; i < std::size(probes); ++i) {
      if (probes[i]->outcome == Outcome::kData) return Mx(10, kLabels[i] + NameToText(domain_.name));
    }
    return "";
  }

  // The name whose own record an address is: a host's, or the end of its alias chain. Empty where it is not one of the
  // domain's, or where its host should have another name.
  std::string HostOf(const IpAddress& address) const {
    std::string text;
    for (const JudgedHost& judged : judged_.hosts) {
      const HostObservation& host = *judged.host;
      const AddressList& own = address.family() == 4 ? host.ipv4 : host.ipv6;
      if (std::find(own.begin(), own.end(), address) == own.end()) continue;
      const NameView name = IsAlias(host) ? AliasLookup(host).chain.back() : host.name;
      if (!InspectName(name).IsHostName()) continue;
      if (!IsAlias(host)) return NameToText(name);
      if (text.empty()) text = NameToText(name);
    }
    return text;
  }

  // The PTR record that would be confirmed: it names the host, which has the address.
  std::string Reverse() const {
    std::string text;
    size_t lines = 0;
    for (const JudgedSubject& evidence : finding_.subjects) {
      const std::optional<IpAddress> address = IpAddress::Parse(evidence.subject);
      if (!address.has_value() || lines == kLinesMax) continue;
      const std::string host = HostOf(*address);
      if (host.empty()) continue;
      if (lines++ == 0) text = "; in the reverse zone, which belongs to whoever assigned the address";
      // The name of an IPv6 address fills a line: it is given within its /64.
      const std::string reverse = NameToText(ReverseName(*address));
      constexpr size_t kInterfaceSize = 32;  // sixteen nibbles and their dots
      if (address->family() == 6) absl::StrAppend(&text, "\n$ORIGIN ", reverse.substr(kInterfaceSize));
      const size_t size = address->family() == 6 ? kInterfaceSize - 1 : reverse.size();
      absl::StrAppend(&text, "\n", reverse.substr(0, size), " IN PTR ", host);
    }
    return text;
  }

  const JudgedFinding& finding_;
  const JudgedDomain& judged_;
  const DomainObservation& domain_;
  const Suffixes& suffixes_;
  std::string owner_;
};

}  // namespace

std::string ZoneLines(const JudgedFinding& finding, const JudgedDomain& judged, const Suffixes& suffixes) {
  return LineMaker(finding, judged, suffixes).Make();
}

}  // namespace mxscan
