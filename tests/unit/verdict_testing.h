// Builders of observations for the tests of the classifier, in presentation form.
#ifndef MXSCAN_TESTS_UNIT_VERDICT_TESTING_H_
#define MXSCAN_TESTS_UNIT_VERDICT_TESTING_H_

#include <algorithm>
#include <initializer_list>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "io/check.h"
#include "scanner/dns/name.h"
#include "scanner/verdict/verdict.h"

namespace mxscan {

inline const Suffixes& TestSuffixes() {
  static const Suffixes* const kSuffixes = new Suffixes;
  return *kSuffixes;
}

inline std::string Wire(std::string_view text) {
  Name name;
  MXSCAN_CHECK(ParseName(text, &name) == NameError::kNone);
  return std::string(name.view());
}

inline IpAddress Ip(std::string_view text) {
  const std::optional<IpAddress> address = IpAddress::Parse(text);
  MXSCAN_CHECK(address.has_value());
  return *address;
}

using Texts = std::initializer_list<std::string_view>;

inline Lookup Ended(Outcome outcome, Texts chain = {}) {
  Lookup lookup;
  lookup.outcome = outcome;
  constexpr int32_t kRcodes[] = {-1, 0, 0, 3, 2, 5, -1};
  lookup.rcode = kRcodes[static_cast<size_t>(outcome)];
  for (std::string_view name : chain) lookup.chain.push_back(Wire(name));
  return lookup;
}

inline std::vector<std::string> LongChain(size_t links) {
  std::vector<std::string> chain;
  for (size_t i = 0; i < links; ++i) chain.push_back(Wire("c" + std::to_string(i) + ".example.net"));
  return chain;
}

inline Probe Probed(Outcome outcome, Texts addresses = {}) {
  Probe probe;
  probe.outcome = outcome;
  for (std::string_view address : addresses) probe.addresses.push_back(Ip(address));
  return probe;
}

// A host whose outcomes follow from its addresses; kNoData where it has none.
inline HostObservation MakeHost(std::string_view name, Texts addresses) {
  HostObservation host;
  host.name = Wire(name);
  for (std::string_view text : addresses) {
    const IpAddress address = Ip(text);
    (address.family() == 4 ? host.ipv4 : host.ipv6).push_back(address);
  }
  std::sort(host.ipv4.begin(), host.ipv4.end());
  std::sort(host.ipv6.begin(), host.ipv6.end());
  host.a = Ended(host.ipv4.empty() ? Outcome::kNoData : Outcome::kData);
  host.aaaa = Ended(host.ipv6.empty() ? Outcome::kNoData : Outcome::kData);
  return host;
}

// A host without addresses, whose lookups ended so.
inline HostObservation MakeHost(std::string_view name, Outcome a, Outcome aaaa, Texts chain = {}) {
  HostObservation host;
  host.name = Wire(name);
  host.a = Ended(a, chain);
  host.aaaa = Ended(aaaa, chain);
  return host;
}

inline HostObservation With(HostObservation host, Outcome a, Outcome aaaa) {
  host.a.outcome = a;
  host.aaaa.outcome = aaaa;
  return host;
}

// A domain with MX data. Mx adds a record; its exchange's host is given where one is looked up.
class DomainBuilder {
 public:
  explicit DomainBuilder(std::string_view name) {
    domain_.name = Wire(name);
    domain_.mx = Ended(Outcome::kData);
    domain_.mx.ttl = 3600;
  }
  DomainBuilder& Mx(uint16_t preference, std::string_view exchange) {
    domain_.records.push_back(MxObservation{preference, 3600, Name(Wire(exchange))});
    if (exchange != ".") AddExchange(Wire(exchange), nullptr);
    return *this;
  }
  DomainBuilder& Mx(uint16_t preference, HostObservation host) {
    domain_.records.push_back(MxObservation{preference, 3600, Name(host.name)});
    const std::string name = host.name;
    AddExchange(name, std::make_shared<const HostObservation>(std::move(host)));
    return *this;
  }
  DomainBuilder& Self(HostObservation host) {
    domain_.self = std::make_shared<const HostObservation>(std::move(host));
    return *this;
  }
  DomainBuilder& Lookups(Lookup mx) {
    domain_.mx = std::move(mx);
    return *this;
  }
  template <typename F>
  DomainBuilder& Change(F f) {
    f(domain_);
    return *this;
  }
  const DomainObservation& Get() const { return domain_; }

  DomainVerdict Judge() const {
    DomainVerdict verdict;
    JudgeDomain(domain_, TestSuffixes(), &verdict);
    verdict.registrable = {};  // it refers to the observation, which goes with this builder
    return verdict;
  }

 private:
  void AddExchange(const std::string& name, HostRef host) {
    std::vector<ExchangeObservation>& exchanges = domain_.exchanges;
    const auto at = std::find_if(exchanges.begin(), exchanges.end(),
                                 [&](const ExchangeObservation& exchange) { return exchange.name >= name; });
    if (at != exchanges.end() && at->name == name) return;
    ExchangeObservation exchange;
    exchange.name.Assign(name);
    exchange.host = std::move(host);
    exchanges.insert(at, std::move(exchange));
  }

  DomainObservation domain_;
};

inline DomainBuilder NoMx(std::string_view name, HostObservation self) {
  DomainBuilder builder(name);
  builder.Lookups(Ended(Outcome::kNoData)).Self(std::move(self));
  return builder;
}

inline FindingState StateOfFinding(const Verdict& verdict, FindingId id) {
  const int states = verdict.present.Has(id) + verdict.unknown.Has(id) + verdict.not_applicable.Has(id);
  MXSCAN_CHECK(states <= 1);
  if (verdict.present.Has(id)) return FindingState::kPresent;
  if (verdict.unknown.Has(id)) return FindingState::kUnknown;
  return verdict.not_applicable.Has(id) ? FindingState::kNotApplicable : FindingState::kAbsent;
}

// A PTR name whose addresses were looked up.
inline PtrNameObservation PtrName(std::string_view name, bool confirms, Outcome same = Outcome::kData,
                                  Outcome other = Outcome::kNotAsked) {
  PtrNameObservation observation;
  observation.name = Wire(name);
  observation.confirms = confirms;
  observation.same_family = Ended(same);
  observation.other_family = Ended(other);
  observation.asked = CountLabels(observation.name) > 1;
  return observation;
}

inline AddressObservation MakeAddress(std::string_view address, std::vector<PtrNameObservation> names) {
  AddressObservation observation;
  observation.address = Ip(address);
  observation.ptr = Ended(names.empty() ? Outcome::kNoData : Outcome::kData);
  observation.names = std::move(names);
  std::sort(observation.names.begin(), observation.names.end(),
            [](const PtrNameObservation& a, const PtrNameObservation& b) { return a.name < b.name; });
  return observation;
}

inline AddressObservation MakeAddress(std::string_view address, Lookup ptr) {
  AddressObservation observation;
  observation.address = Ip(address);
  observation.ptr = std::move(ptr);
  return observation;
}

// Hosts and domains that occur again and again.
inline HostObservation Good1() { return MakeHost("mx1.example.com", {"198.51.99.1"}); }
inline HostObservation Good2() { return MakeHost("mx2.example.com", {"203.0.112.1"}); }
inline HostObservation Dual() { return MakeHost("mx1.example.com", {"198.51.99.1", "2a01:4f8::1"}); }
inline HostObservation Dead(std::string_view name) { return MakeHost(name, Outcome::kNxDomain, Outcome::kNxDomain); }
inline HostObservation Silent(std::string_view name) { return MakeHost(name, Outcome::kTimeout, Outcome::kTimeout); }
inline DomainBuilder Plain() { return std::move(DomainBuilder("example.com").Mx(10, Good1()).Mx(20, Good2())); }
inline DomainBuilder Failed(Outcome outcome) { return std::move(DomainBuilder("example.com").Lookups(Ended(outcome))); }

}  // namespace mxscan

#endif  // MXSCAN_TESTS_UNIT_VERDICT_TESTING_H_
