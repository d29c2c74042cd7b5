#include "output/tables.h"

#include "io/check.h"

namespace mxscan {
namespace {

using enum ColumnType;

constexpr Column kDomainColumns[] = {
    {"input_rank", kBigint, false, "Number of the input line, or the list's own rank where it has one"},
    {"input", kText, true, "The input token as it was read, escaped"},
    {"domain", kName, false, "The domain name that was surveyed"},
    {"registrable", kName, true, "Its registrable domain by the public suffix list; NULL where it has none"},
    {"class", kText, false, "What the MX set amounts to: exactly one class a domain"},
    {"mx_outcome", kText, true, "How the MX lookup ended"},
    {"mx_rcode", kInteger, true, "Response code of the last answer; NULL where none was accepted"},
    {"mx_owner", kName, true, "Owner name of the MX records: the end of the alias chain"},
    {"mx_count", kInteger, true, "Number of MX records; NULL unless the outcome is definite"},
    {"mx_hosts", kNameList, true, "Exchange hosts, by preference, then name"},
    {"mx_preferences", kList, true,
     "Their preferences in the same order, each as p and the number, so that every row reads as text"},
    {"mx_ttl", kBigint, true, "Lowest TTL of the MX records, in seconds"},
    {"provider", kName, true, "Registrable domain of the first exchange"},
    {"a_outcome", kText, true, "How the A lookup of the domain itself ended; NULL where it was not asked"},
    {"aaaa_outcome", kText, true, "How the AAAA lookup of the domain itself ended; NULL where it was not asked"},
    {"findings", kList, true, "Findings present on the domain, its MX set and its MX records"},
    {"unknowns", kList, true, "Findings that a failed lookup left undecided"},
    {"server", kText, true, "Address of the server whose MX answer was accepted"},
    {"attempts", kInteger, true, "Packets sent for the MX question"},
    {"queries", kInteger, true, "Questions first asked because of this domain, the MX question included"},
    {"rtt_us", kBigint, true, "Round-trip time of the accepted MX answer, in microseconds"},
    {"asked_at", kTimestamp, true, "When the MX lookup ended, UTC"},
};

constexpr Column kMxColumns[] = {
    {"domain", kName, false, "The domain name that was surveyed"},
    {"preference", kInteger, false, "Preference of the MX record: lower is tried first"},
    {"exchange", kName, false, "Exchange host of the MX record"},
    {"ttl", kBigint, true, "TTL of the MX record, in seconds"},
    {"usable", kBoolean, true, "Whether mail can be delivered to the exchange; NULL when unknown"},
    {"findings", kList, true, "Findings present on this record"},
};

constexpr Column kHostColumns[] = {
    {"host", kName, false, "Exchange host, or a domain that is its own implicit exchange"},
    {"a_outcome", kText, true, "How the A lookup ended; NULL where it was not asked"},
    {"aaaa_outcome", kText, true, "How the AAAA lookup ended; NULL where it was not asked"},
    {"alias_chain", kNameList, true, "Alias names after the host's own, in order"},
    {"ipv4", kList, true, "IPv4 addresses at the end of the alias chain, sorted"},
    {"ipv6", kList, true, "IPv6 addresses at the end of the alias chain, sorted"},
    {"a_ttl", kBigint, true, "Lowest TTL of the A records, in seconds"},
    {"aaaa_ttl", kBigint, true, "Lowest TTL of the AAAA records, in seconds"},
    {"usable", kBoolean, true, "Whether it has a global address; NULL when unknown"},
    {"findings", kList, true, "Findings present on the host"},
    {"unknowns", kList, true, "Findings that a failed lookup left undecided"},
    {"asked_at", kTimestamp, true, "When its first lookup ended, UTC"},
};

constexpr Column kAddressColumns[] = {
    {"address", kAddress, false, "IP address of an exchange host"},
    {"family", kInteger, false, "4 or 6"},
    {"reverse_name", kName, true, "Its name in the reverse tree"},
    {"ptr_outcome", kText, true, "How the PTR lookup ended; NULL where it was not asked"},
    {"ptr_names", kNameList, true, "Names of its PTR records, sorted"},
    {"confirmed_names", kNameList, true, "Those of them whose addresses hold this address"},
    {"fcrdns", kText, true, "Forward-confirmed reverse DNS: pass, partial, fail, unknown; NULL where it was not asked"},
    {"findings", kList, true, "Findings present on the address and its reverse tree"},
    {"unknowns", kList, true, "Findings that a failed lookup left undecided"},
    {"asked_at", kTimestamp, true, "When the PTR lookup ended, UTC"},
};

constexpr Column kFindingColumns[] = {
    {"scope", kText, false, "What kind of subject the finding is about"},
    {"subject", kText, false, "The name or address that the finding is about"},
    {"domain", kName, true, "The surveyed domain; NULL for host and address scope"},
    {"finding", kText, false, "Id of the finding"},
    {"severity", kText, false, "info, notice, warning, error, or unknown"},
    {"state", kText, false, "present, or unknown where a failed lookup left it undecided"},
    {"evidence", kText, true, "What the finding was concluded from, short and escaped"},
};

constexpr Column kRejectColumns[] = {
    {"input_rank", kBigint, false, "Number of the input line, or the list's own rank where it has one"},
    {"input", kText, true, "At most 1 KiB of the input line, escaped"},
    {"reason", kText, false, "Why nothing was asked about it"},
};

constexpr Table kTables[kTableCount] = {
    {TableId::kDomains, "domains", "One row per accepted input name", kDomainColumns},
    {TableId::kMx, "mx", "One row per MX record", kMxColumns},
    {TableId::kHosts, "hosts", "One row per exchange host and implicit host, once per run", kHostColumns},
    {TableId::kAddresses, "addresses", "One row per address, once per run", kAddressColumns},
    {TableId::kFindings, "findings", "One row per scope, subject and finding that is present or unknown",
     kFindingColumns},
    {TableId::kRejects, "rejects", "One row per input line that is no domain name, or one on the blocklist",
     kRejectColumns},
};

}  // namespace

const Table& GetTable(TableId id) {
  const auto index = static_cast<size_t>(id);
  MXSCAN_CHECK(index < kTableCount);
  return kTables[index];
}

std::span<const Table> AllTables() { return kTables; }

}  // namespace mxscan
