// Whether a finding can be judged at all for a subject, told from the subject's own row.
//
// Purpose: the tables name a finding only where it is present or unknown. An honest denominator also needs to know for
// how many subjects it was absent and for how many it could not apply; both follow from the columns of the row.
//
// The rules, by the row that is the finding's subject:
// - Whatever needs `auth`, `resolver` or `policy` applies only where the run had that capability, `mx_wildcard` and
//   `domain_from_wildcard` only where wildcard probes were asked, and `mx_rrset_inconsistent` only where every server
//   was; the rules below hold for them besides.
//   `domain_name_invalid` (needs `input`) has rejected lines for subjects, no domain rows; it is absent of a line that
//   is rejected only as `blocked`, which holds a name.
// - Domain row, scope `domain`: domain_nxdomain, domain_lookup_*, domain_dnssec_bogus, domain_is_alias, domain_alias_*,
//   domain_apex_cname, cname_coexists: every row. mx_on_tld: a domain of one label. domain_no_ipv4_mx,
//   domain_no_ipv6_mx and the wildcard findings: mx_outcome is data or failed; domain_from_wildcard besides only a
//   domain below its registrable domain, since the siblings of that one are other people's.
// - Domain row, scope `mx_set`: mx_none_*, implicit_mx_suspect, no_mail_without_null_mx: mx_outcome is nodata or
// failed.
//   mx_truncated: MX was asked. All others: data or failed. A failed lookup leaves open whether there is a set, so
//   these findings are applicable (and unknown); NXDOMAIN says definitely that there is none.
// - Domain row, scopes `policy` and `zone`: MX was asked and did not end in nxdomain.
// - MX row: nothing for the root exchange. What says which kind of name an exchange is: every other row. What is about
//   its characters: neither bracketed nor a literal. mx_exchange_missing_dot and mx_exchange_dangling_registrable: only
//   names that are looked up, so besides none of localhost, special-use, arpa, verification token.
// - Host row: every finding of the scope. Address row, scope `address`: every row.
// - Address row, scope `reverse`: only where PTR was asked. ptr_nxdomain, ptr_nodata, ptr_lookup_*, ptr_via_alias,
//   ptr_alias_dangling: all of those. What is about PTR names: ptr_outcome is data or failed; of these fcrdns_*,
//   ptr_target_alias and ptr_target_unresolvable only where fcrdns is not NULL. ptr_not_mx_name: never; its subject is
//   a pair of host and address, which no row stands for.
//
// A finding of another scope than the row's is not applicable to it.
// Rows that are alike in all the columns used above share an applicability class, so that a summary counts rows by
// class instead of asking 179 questions per row; a test holds the two ways equal. Thread safety: pure functions.
#ifndef MXSCAN_OUTPUT_APPLICABLE_H_
#define MXSCAN_OUTPUT_APPLICABLE_H_

#include <cstddef>
#include <string_view>

#include "output/catalog.h"
#include "output/tables.h"

namespace mxscan {

// What a run was able to find out beyond plain lookups.
struct Capabilities {
  bool auth = false;             // answers came from authoritative servers, not out of caches
  bool every_server = false;     // and every server of a zone was asked for the MX set
  bool resolver = false;         // recursive resolvers answered, and their SERVFAILs were asked about (`bogus`)
  bool policy = false;           // the policy lookups were switched on
  bool wildcard_probes = false;  // random labels were asked (`wildcard`)

  friend bool operator==(const Capabilities&, const Capabilities&) = default;
};

// By the groups of lookups of a scan ("mx,a,bogus"), and whether it asked the zones' own servers, or all of them.
Capabilities CapabilitiesOf(std::string_view lookups, bool iterative, bool every_server);

bool Applicable(FindingId id, const DomainRow& row, const Capabilities& capabilities = {});
bool Applicable(FindingId id, const MxRow& row, const Capabilities& capabilities = {});
bool Applicable(FindingId id, const HostRow& row, const Capabilities& capabilities = {});
bool Applicable(FindingId id, const AddressRow& row, const Capabilities& capabilities = {});

// A domain name of exactly one label in presentation form ("com.", not the root).
bool IsSingleLabel(std::string_view name);

inline constexpr size_t kDomainApplicabilityClasses = size_t{kOutcomeCount} * 3;
inline constexpr size_t kMxApplicabilityClasses = 4;
inline constexpr size_t kHostApplicabilityClasses = 1;
inline constexpr size_t kAddressApplicabilityClasses = size_t{kOutcomeCount} * 2;

size_t ApplicabilityClass(const DomainRow& row);
size_t ApplicabilityClass(const MxRow& row);
size_t ApplicabilityClass(const HostRow& row);
size_t ApplicabilityClass(const AddressRow& row);

// The findings that apply to the rows of a class.
FindingSet DomainClassFindings(size_t applicability_class, const Capabilities& capabilities);
FindingSet MxClassFindings(size_t applicability_class, const Capabilities& capabilities);
FindingSet HostClassFindings(size_t applicability_class, const Capabilities& capabilities);
FindingSet AddressClassFindings(size_t applicability_class, const Capabilities& capabilities);

}  // namespace mxscan

#endif  // MXSCAN_OUTPUT_APPLICABLE_H_
