// What the parts of a domain's verdict share: the exchanges with their kinds and usability, and the set's figures.
//
// Purpose: JudgeDomain (domain.cc) gathers DomainFacts once; the rules about the domain (domain.cc), its MX set
// (mx_set.cc) and its single records (mx_record.cc) read them. The words are those of FINDINGS: M is all MX records, N
// is M without root exchanges and verification tokens.
// Ownership: facts refer to the observation. Thread safety: one thread at a time; nothing is shared.
#ifndef MXSCAN_SCANNER_VERDICT_DOMAIN_FACTS_H_
#define MXSCAN_SCANNER_VERDICT_DOMAIN_FACTS_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "absl/container/inlined_vector.h"
#include "scanner/verdict/observation.h"
#include "scanner/verdict/recorder.h"
#include "scanner/verdict/verdict.h"

namespace mxscan {

// One distinct exchange; parallel to DomainObservation::exchanges.
struct ExchangeFacts {
  std::string_view text;  // presentation form
  ExchangeKind kind = ExchangeKind::kHost;
  Usable usable = Usable::kUnknown;
  const HostObservation* host = nullptr;  // null where no query was sent
  uint16_t lowest_preference = 0;
  bool has_record = false;
  bool several_preferences = false;

  bool InSet() const { return kind != ExchangeKind::kVerification; }
};

inline constexpr uint32_t kRootExchange = UINT32_MAX;

struct DomainFacts {
  // `texts` takes the exchanges' texts, to which the facts refer.
  DomainFacts(const DomainObservation& observation, const Suffixes& suffix_list, std::vector<std::string>* texts);

  bool IsAtLowest(const ExchangeFacts& exchange) const {
    return exchange.InSet() && exchange.lowest_preference == lowest_preference;
  }

  const DomainObservation& domain;
  const Suffixes& suffixes;
  const NameView registrable;  // of the domain; empty where there is none
  absl::InlinedVector<ExchangeFacts, 8> exchanges;
  absl::InlinedVector<uint32_t, 8> record_exchange;  // of each record: index of its exchange, or kRootExchange
  size_t roots = 0;                                  // records that name the root
  // Of N:
  size_t hosts = 0;  // distinct exchanges
  size_t usable = 0;
  size_t unusable = 0;
  size_t unknown = 0;
  uint16_t lowest_preference = UINT16_MAX;
  uint16_t highest_preference = 0;
};

// mx_set.cc: every finding of scope mx_set, and domain_no_ipv4_mx and domain_no_ipv6_mx, which are about the set too.
void JudgeMxSet(const DomainFacts& facts, Recorder* recorder);

// mx_record.cc: every finding of scope mx, into verdict->mx and its evidence.
void JudgeMxRecords(const DomainFacts& facts, DomainVerdict* verdict);

// Says which lookups left a finding open: "mx timeout", or the hosts and families that failed.
void DescribeFailures(const DomainFacts& facts, EvidenceText& text);

}  // namespace mxscan

#endif  // MXSCAN_SCANNER_VERDICT_DOMAIN_FACTS_H_
