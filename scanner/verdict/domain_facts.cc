#include "scanner/verdict/domain_facts.h"

#include <algorithm>
#include <numeric>
#include <vector>

#include "io/check.h"
#include "scanner/verdict/host_facts.h"

namespace mxscan {
namespace {

// Finds exchanges by name. Most sets are so small that a look at each is the quickest; a large one is sorted first, as
// thousands of records must not cost millions of comparisons.
class ExchangeIndex {
 public:
  explicit ExchangeIndex(const std::vector<ExchangeObservation>& exchanges) : exchanges_(exchanges) {
    if (exchanges.size() <= kScanMax) return;
    order_.resize(exchanges.size());
    std::iota(order_.begin(), order_.end(), 0);
    std::sort(order_.begin(), order_.end(),
              [&](uint32_t a, uint32_t b) { return exchanges_[a].name < exchanges_[b].name; });
  }

  uint32_t Find(NameView name) const {
    if (order_.empty()) {
      for (uint32_t i = 0; i < exchanges_.size(); ++i) {
        if (exchanges_[i].name == name) return i;
      }
    } else {
      const auto found = std::lower_bound(order_.begin(), order_.end(), name,
                                          [&](uint32_t i, NameView key) { return exchanges_[i].name < key; });
      if (found != order_.end() && exchanges_[*found].name == name) return *found;
    }
    MXSCAN_CHECK(false);  // every exchange of a record is listed
    return kRootExchange;
  }

 private:
  static constexpr size_t kScanMax = 12;
  const std::vector<ExchangeObservation>& exchanges_;
  std::vector<uint32_t> order_;
};

ExchangeFacts FactsOf(const ExchangeObservation& exchange, NameView domain, const Suffixes& suffixes,
                      std::string* text) {
  ExchangeFacts facts;
  text->clear();
  AppendName(exchange.name, text);
  facts.text = *text;
  facts.kind = ClassifyExchange(exchange.name, domain, suffixes);
  if (!IsLookedUp(facts.kind)) {
    facts.usable = Usable::kNo;
  } else if (exchange.host != nullptr) {
    facts.host = exchange.host.get();
    facts.usable = HostUsable(*facts.host);
  }
  return facts;
}

}  // namespace

DomainFacts::DomainFacts(const DomainObservation& observation, const Suffixes& suffix_list,
                         std::vector<std::string>* texts)
    : domain(observation), suffixes(suffix_list), registrable(suffix_list.Registrable(observation.name)) {
  if (domain.mx.outcome != Outcome::kData) return;
  MXSCAN_CHECK(!domain.records.empty());
  if (texts->size() < domain.exchanges.size()) texts->resize(domain.exchanges.size());
  for (size_t i = 0; i < domain.exchanges.size(); ++i) {
    exchanges.push_back(FactsOf(domain.exchanges[i], domain.name, suffixes, &(*texts)[i]));
  }
  const ExchangeIndex index(domain.exchanges);
  for (const MxObservation& record : domain.records) {
    if (record.exchange == kRootName) {
      ++roots;
      record_exchange.push_back(kRootExchange);
      continue;
    }
    const uint32_t i = index.Find(record.exchange);
    record_exchange.push_back(i);
    ExchangeFacts& exchange = exchanges[i];
    exchange.several_preferences |= exchange.has_record && exchange.lowest_preference != record.preference;
    exchange.lowest_preference =
        exchange.has_record ? std::min(exchange.lowest_preference, record.preference) : record.preference;
    exchange.has_record = true;
    if (!exchange.InSet()) continue;
    lowest_preference = std::min(lowest_preference, record.preference);
    highest_preference = std::max(highest_preference, record.preference);
  }
  for (const ExchangeFacts& exchange : exchanges) {
    if (!exchange.InSet()) continue;
    ++hosts;
    usable += exchange.usable == Usable::kYes;
    unusable += exchange.usable == Usable::kNo;
    unknown += exchange.usable == Usable::kUnknown;
  }
}

void DescribeFailures(const DomainFacts& facts, EvidenceText& text) {
  const DomainObservation& domain = facts.domain;
  if (!IsDefinite(domain.mx.outcome)) {
    text.Word("mx").OutcomeOf(domain.mx);
    return;
  }
  text.Word("failed:");
  const auto describe = [&](const HostObservation& host) {
    if (!AnyFailed(host)) return;
    text.Name(host.name);
    if (IsOpen(host.a)) text.Word("a").OutcomeOf(host.a);
    if (IsOpen(host.aaaa)) text.Word("aaaa").OutcomeOf(host.aaaa);
  };
  if (domain.self != nullptr) describe(*domain.self);
  for (const ExchangeObservation& exchange : domain.exchanges) {
    if (exchange.host != nullptr) describe(*exchange.host);
  }
}

}  // namespace mxscan
