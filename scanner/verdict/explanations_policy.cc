// What is said about a domain's mail policies (SPF, DMARC, MTA-STS, TLS-RPT, DANE, DNSSEC) and about its zone.
#include "scanner/verdict/explanation_parts.h"

namespace mxscan {
namespace {

constexpr ExplanationEntry kPolicy[] = {
    {FindingId::kSpfMissing,
     {"The domain does not say which hosts may send mail as it. Forged mail is harder to tell from its own, and large "
      "receivers refuse senders without SPF or DKIM.",
      "Write a TXT record that permits the domain's senders. If it sends no mail, permit nobody.",
      "; its exchanges send, and nobody else\n"
      "example.org. IN TXT \"v=spf1 mx -all\"\n"
      "; or it sends no mail\n"
      "example.org. IN TXT \"v=spf1 -all\""}},
    {FindingId::kSpfMultiple,
     {"There must be one SPF record. With two, evaluation ends in a permanent error, as if the policy were broken.",
      "Merge the records into one.",
      "; wrong\n"
      "example.org. IN TXT \"v=spf1 mx -all\"\n"
      "example.org. IN TXT \"v=spf1 include:_spf.example.net -all\"\n"
      "; right\n"
      "example.org. IN TXT \"v=spf1 mx include:_spf.example.net -all\""}},
    {FindingId::kSpfPermerrorSyntax,
     {"A receiver that cannot read one term discards the whole record: evaluation ends in a permanent error, whichever "
      "host sends.",
      "Correct the term that the evidence names. Terms are separated by spaces, and a mechanism takes a colon before "
      "its "
      "argument.",
      "; wrong\n"
      "example.org. IN TXT \"v=spf1 ipv4:192.0.2.25 -all\"\n"
      "; right\n"
      "example.org. IN TXT \"v=spf1 ip4:192.0.2.25 -all\""}},
    {FindingId::kSpfLookupLimit,
     {"A receiver stops with a permanent error at the eleventh term that needs a lookup; those of included records "
      "count. Mail from hosts named after that point fails.",
      "Remove services that no longer send, and write fixed networks as ip4 and ip6, which need no lookup. Give a "
      "service "
      "a subdomain of its own where that does not suffice.",
      "example.org. IN TXT \"v=spf1 ip4:192.0.2.0/24 -all\"\n"
      "news.example.org. IN TXT \"v=spf1 include:_spf.example.net -all\""}},
    {FindingId::kSpfVoidLimit,
     {"More than two terms lead to names without data. Receivers may stop there with a permanent error.",
      "Remove the terms whose names no longer exist or hold no address.",
      "; wrong, if old.example.org has no address\n"
      "example.org. IN TXT \"v=spf1 mx a:old.example.org -all\"\n"
      "; right\n"
      "example.org. IN TXT \"v=spf1 mx -all\""}},
    {FindingId::kSpfLoop,
     {"The record includes itself, if by way of another one. Evaluation ends in a permanent error.",
      "Remove the include or redirect that leads back.",
      "; wrong\n"
      "a.example.org. IN TXT \"v=spf1 include:b.example.org -all\"\n"
      "b.example.org. IN TXT \"v=spf1 include:a.example.org -all\"\n"
      "; right\n"
      "b.example.org. IN TXT \"v=spf1 mx -all\""}},
    {FindingId::kSpfIncludeMissing,
     {"An included domain has no SPF record, which is a permanent error once evaluation comes to it.",
      "Remove the include, or correct its name as the service's instructions give it.",
      "; wrong, if gone.example.net has no SPF record\n"
      "example.org. IN TXT \"v=spf1 mx include:gone.example.net -all\"\n"
      "; right\n"
      "example.org. IN TXT \"v=spf1 mx -all\""}},
    {FindingId::kSpfMxLimit,
     {"An mx term may lead to 10 exchanges. With more of them evaluation ends in a permanent error.",
      "Write the networks of the sending hosts as ip4 and ip6 in place of mx.",
      "example.org. IN TXT \"v=spf1 ip4:192.0.2.0/24 -all\""}},
    {FindingId::kSpfPlusAll,
     {"Every host on the Internet is permitted to send as the domain. That is worse than no record, for forged mail "
      "passes.",
      "End the record in -all, or in ~all while you are not sure that every sender is listed.",
      "; wrong\n"
      "example.org. IN TXT \"v=spf1 mx +all\"\n"
      "; right\n"
      "example.org. IN TXT \"v=spf1 mx -all\""}},
    {FindingId::kSpfNeutral,
     {"For hosts that are not listed the record says nothing, and receivers treat that as if there were no record.",
      "End the record in ~all, and in -all once every sender is listed.",
      "; wrong\n"
      "example.org. IN TXT \"v=spf1 mx ?all\"\n"
      "; right\n"
      "example.org. IN TXT \"v=spf1 mx ~all\""}},
    {FindingId::kSpfNoDefault,
     {"The record does not say what holds for hosts that are not listed. The default is neutral, which protects from "
      "nothing.",
      "End the record in ~all, and in -all once every sender is listed.",
      "; wrong\n"
      "example.org. IN TXT \"v=spf1 mx\"\n"
      "; right\n"
      "example.org. IN TXT \"v=spf1 mx ~all\""}},
    {FindingId::kSpfPtrMechanism,
     {"The ptr term is slow, leans on reverse lookups that others run, and is not to be used any more. Some receivers "
      "skip it.",
      "Replace it by a, mx, ip4 or ip6.",
      "; wrong\n"
      "example.org. IN TXT \"v=spf1 ptr -all\"\n"
      "; right\n"
      "example.org. IN TXT \"v=spf1 ip4:192.0.2.0/24 -all\""}},
    {FindingId::kSpfMxNotPermitted,
     {"Mail that an exchange sends as the domain, such as replies and forwards, fails SPF. Where exchanges only "
      "receive, "
      "that is as it should be.",
      "If the exchanges also send, add mx or their addresses to the record.",
      "example.org. IN TXT \"v=spf1 mx include:_spf.example.net -all\""}},
    {FindingId::kSpfMxhostMissing,
     {"Bounces have an empty sender, so receivers check the name in EHLO instead. Without a record of its own the "
      "host's "
      "name can be used by anyone.",
      "Write an SPF record at the host's name that permits its own addresses.",
      "mx.example.org. IN TXT \"v=spf1 a -all\""}},
    {FindingId::kSpfOversize,
     {"The TXT answer does not fit the classic 512 octets of UDP. Resolvers must try again over TCP, and where that is "
      "blocked SPF fails.",
      "Shorten the SPF record, remove TXT records that have served their purpose, or move part of it to an included "
      "name.",
      ""}},
    {FindingId::kSpfTemperror,
     {"A lookup that the verdict needs failed, so nothing is known about the SPF policy. Receivers that meet the same "
      "defer mail or accept it unchecked.",
      "Ask again later. If it stays, ask the name servers of the domain and of each included name itself, and tell "
      "whoever "
      "runs the one that fails.",
      ""}},
    {FindingId::kDmarcMissing,
     {"Receivers are not told what to do with mail that claims to be from the domain and fails SPF and DKIM, and "
      "nobody "
      "reports such mail. Large receivers demand a record of bulk senders.",
      "Begin with a policy of none and a report address, read the reports, and tighten the policy afterwards.",
      "_dmarc.example.org. IN TXT ( \"v=DMARC1; p=none; \"\n"
      "                              \"rua=mailto:dmarc@example.org\" )"}},
    {FindingId::kDmarcInherited,
     {"The domain has no DMARC record of its own; that of a domain above it applies.",
      "Nothing is to be mended. To have another policy here, write a record for this domain.",
      "_dmarc.sales.example.org. IN TXT \"v=DMARC1; p=reject\""}},
    {FindingId::kDmarcMultiple,
     {"With two DMARC records at one name receivers apply neither.", "Keep one record.",
      "; wrong\n"
      "_dmarc.example.org. IN TXT \"v=DMARC1; p=none\"\n"
      "_dmarc.example.org. IN TXT \"v=DMARC1; p=reject\"\n"
      "; right\n"
      "_dmarc.example.org. IN TXT \"v=DMARC1; p=reject\""}},
    {FindingId::kDmarcInvalid,
     {"Receivers cannot read the record and treat the domain as one without a policy, or at best with that of none.",
      "Begin the record with v=DMARC1, separate its tags by semicolons, and let p be none, quarantine or reject.",
      "; wrong\n"
      "_dmarc.example.org. IN TXT \"v=DMARC1; p=block\"\n"
      "; right\n"
      "_dmarc.example.org. IN TXT \"v=DMARC1; p=reject\""}},
    {FindingId::kDmarcPNone,
     {"Forged mail is reported at most: receivers deliver it as they otherwise would.",
      "When the reports show that your own mail passes, go on to quarantine and then to reject.",
      "_dmarc.example.org. IN TXT \"v=DMARC1; p=quarantine\""}},
    {FindingId::kDmarcSpNone,
     {"The domain itself is protected, but names below it may be forged freely, made-up ones too unless np says "
      "otherwise.",
      "Remove sp, so that p holds below the domain too, or make sp as strict as p.",
      "; wrong\n"
      "_dmarc.example.org. IN TXT \"v=DMARC1; p=reject; sp=none\"\n"
      "; right\n"
      "_dmarc.example.org. IN TXT \"v=DMARC1; p=reject\""}},
    {FindingId::kDmarcTestMode,
     {"The record asks receivers not to apply its policy in full, so the domain is less protected than p says.",
      "Remove t=y when the reports show that your own mail passes.",
      "; wrong, once testing is over\n"
      "_dmarc.example.org. IN TXT \"v=DMARC1; p=reject; t=y\"\n"
      "; right\n"
      "_dmarc.example.org. IN TXT \"v=DMARC1; p=reject\""}},
    {FindingId::kDmarcWrongLocation,
     {"Receivers look for the record at _dmarc below the domain. At the domain itself nobody sees it.",
      "Move the record to _dmarc.",
      "; wrong\n"
      "example.org. IN TXT \"v=DMARC1; p=reject\"\n"
      "; right\n"
      "_dmarc.example.org. IN TXT \"v=DMARC1; p=reject\""}},
    {FindingId::kDmarcNoRua,
     {"No aggregate reports are asked for, so nobody sees who sends as the domain and what fails.",
      "Add rua with an address that reads the reports.",
      "_dmarc.example.org. IN TXT ( \"v=DMARC1; p=reject; \"\n"
      "                              \"rua=mailto:dmarc@example.org\" )"}},
    {FindingId::kDmarcRuaUnauthorized,
     {"Reports go to another domain, which must say that it wants them. Without its record receivers send none there.",
      "Ask whoever takes the reports to publish the authorising record, or give an address of your own domain.",
      "; reports about example.org go to example.net\n"
      "example.org._report._dmarc.example.net. IN TXT \"v=DMARC1\""}},
    {FindingId::kDmarcLookupFailed,
     {"Whether there is a DMARC policy is not known. Receivers that meet the same defer mail or deliver it unchecked.",
      "Ask for TXT at _dmarc of the domain again, through another resolver and at the zone's own name servers. A "
      "server "
      "that fails at names with an underscore has to be mended.",
      ""}},
    {FindingId::kMtaStsMissing,
     {"The domain does not tell senders to insist on TLS with its exchanges. An attacker on the way can make them send "
      "in the clear.",
      "Nothing is to be mended. To be protected, publish an MTA-STS policy, or TLSA records in a signed zone.",
      "_mta-sts.example.org. IN TXT \"v=STSv1; id=20250101000000Z\""}},
    {FindingId::kMtaStsMultiple,
     {"With more than one record senders assume that there is no MTA-STS policy.", "Keep one record.",
      "_mta-sts.example.org. IN TXT \"v=STSv1; id=20250101000000Z\""}},
    {FindingId::kMtaStsInvalid,
     {"Senders cannot read the record and assume that there is no MTA-STS policy.",
      "Begin the record with v=STSv1 and give an id of 1 to 32 letters and digits that changes with the policy.",
      "; wrong: a hyphen in the id\n"
      "_mta-sts.example.org. IN TXT \"v=STSv1; id=2025-01-01\"\n"
      "; right\n"
      "_mta-sts.example.org. IN TXT \"v=STSv1; id=20250101\""}},
    {FindingId::kMtaStsHostUnresolvable,
     {"The record announces a policy, and the host from which senders fetch it has no address. They go on without a "
      "policy, or with the one that they fetched before.",
      "Give mta-sts below the domain an address and serve the policy there over HTTPS, or remove the record.",
      "_mta-sts.example.org. IN TXT \"v=STSv1; id=20250101\"\n"
      "mta-sts.example.org. IN A 192.0.2.80"}},
    {FindingId::kMtaStsNoTlsrpt,
     {"When a sender cannot deliver because of the policy, nobody tells you.",
      "Write a TLS-RPT record with an address that reads the reports.",
      "_smtp._tls.example.org. IN TXT ( \"v=TLSRPTv1; \"\n"
      "                                  \"rua=mailto:tls@example.org\" )"}},
    {FindingId::kTlsrptMissing,
     {"Senders are not asked to report when TLS with the domain's exchanges fails.",
      "Nothing is to be mended. With MTA-STS or TLSA records the reports are worth having.",
      "_smtp._tls.example.org. IN TXT ( \"v=TLSRPTv1; \"\n"
      "                                  \"rua=mailto:tls@example.org\" )"}},
    {FindingId::kTlsrptMultiple,
     {"With more than one record senders assume that no reports are wanted.",
      "Keep one record; rua takes several addresses, separated by commas.",
      "_smtp._tls.example.org. IN TXT ( \"v=TLSRPTv1; \"\n"
      "                                  \"rua=mailto:tls@example.org\" )"}},
    {FindingId::kTlsrptInvalid,
     {"Senders cannot read the record, or find no address in it, and send no reports.",
      "Begin the record with v=TLSRPTv1 and give rua a mailto or https address.",
      "; wrong: no mailto\n"
      "_smtp._tls.example.org. IN TXT \"v=TLSRPTv1; rua=tls@example.org\"\n"
      "; right\n"
      "_smtp._tls.example.org. IN TXT ( \"v=TLSRPTv1; \"\n"
      "                                  \"rua=mailto:tls@example.org\" )"}},
    {FindingId::kTlsaPresent,
     {"An exchange publishes the key that its certificate must hold, so that senders with DANE use TLS or do not "
      "deliver.",
      "Nothing is to be mended. Publish the next key's record before you change the key.",
      "_25._tcp.mx.example.org. IN TLSA 3 1 1 (\n"
      "    0123456789abcdef0123456789abcdef\n"
      "    0123456789abcdef0123456789abcdef )"}},
    {FindingId::kTlsaPartial,
     {"An attacker who blocks the protected exchanges leads senders to the one without TLSA records, and the "
      "protection "
      "is gone.",
      "Publish TLSA records for every exchange of the domain.",
      "_25._tcp.mx2.example.org. IN TLSA 3 1 1 (\n"
      "    0123456789abcdef0123456789abcdef\n"
      "    0123456789abcdef0123456789abcdef )"}},
    {FindingId::kTlsaInsecure,
     {"TLSA records count only with DNSSEC. These are not signed, or there is no chain of trust to them, so senders "
      "ignore them.",
      "Sign the exchange's zone and have the parent publish its DS record, or remove the TLSA records.", ""}},
    {FindingId::kTlsaBadUsage,
     {"Certificate usages 0 and 1 lean on public authorities, which SMTP senders do not have in common. Senders treat "
      "such "
      "records as unusable.",
      "Publish usage 3 with the server's own key, or usage 2 with that of your authority.",
      "; wrong\n"
      "_25._tcp.mx.example.org. IN TLSA 1 1 1 (\n"
      "    0123456789abcdef0123456789abcdef\n"
      "    0123456789abcdef0123456789abcdef )\n"
      "; right\n"
      "_25._tcp.mx.example.org. IN TLSA 3 1 1 (\n"
      "    0123456789abcdef0123456789abcdef\n"
      "    0123456789abcdef0123456789abcdef )"}},
    {FindingId::kTlsaMalformed,
     {"The record cannot match any certificate. Where no other record of the exchange is usable, senders encrypt "
      "without "
      "checking whom they talk to.",
      "Make the record anew: selector 0 or 1, matching type 0, 1 (32 octets of SHA-256) or 2 (64 octets of SHA-512).",
      "; wrong: 16 octets for SHA-256\n"
      "_25._tcp.mx.example.org. IN TLSA 3 1 1 (\n"
      "    0123456789abcdef0123456789abcdef )\n"
      "; right\n"
      "_25._tcp.mx.example.org. IN TLSA 3 1 1 (\n"
      "    0123456789abcdef0123456789abcdef\n"
      "    0123456789abcdef0123456789abcdef )"}},
    {FindingId::kTlsaLookupFailed,
     {"A sender with DANE that cannot find out whether there are TLSA records must not deliver to this exchange. Mail "
      "from such senders waits and then bounces.",
      "Have the name servers of the host's zone answer TLSA questions, with NXDOMAIN or no data where there is none. "
      "Look "
      "for a filter that drops the type, and for signatures out of date.",
      ""}},
    {FindingId::kDnssecSecure,
     {"The MX records are signed, and the chain of trust to them holds: they cannot be forged on the way.",
      "Nothing is to be mended.", ""}},
    {FindingId::kDnssecInsecure,
     {"The MX records are not signed, so they can be forged on the way, and senders cannot use DANE.",
      "Nothing is to be mended. To be protected, sign the zone and have the parent publish its DS record.", ""}},

    {FindingId::kNsSingle,
     {"When this one name server is out of reach, the whole zone is, and mail with it.",
      "Add a second name server in another network, both in the zone and at the parent.",
      "example.org. IN NS ns1.example.org.\n"
      "example.org. IN NS ns2.example.net."}},
    {FindingId::kNsMany,
     {"More name servers than about six add little, make answers larger, and are more to keep in step.",
      "Keep two to six name servers in different networks.",
      "example.org. IN NS ns1.example.org.\n"
      "example.org. IN NS ns2.example.net."}},
    {FindingId::kNsAlias,
     {"An NS record must name a host that has addresses itself. Many resolvers do not follow an alias here, so this "
      "name "
      "server is lost to them.",
      "Write the name at the end of the alias into the NS record, or give the name server address records.",
      "; wrong\n"
      "example.org. IN NS ns.example.org.\n"
      "ns.example.org. IN CNAME ns1.example.net.\n"
      "; right\n"
      "example.org. IN NS ns1.example.net."}},
    {FindingId::kNsUnresolvable,
     {"The name server has no address, so resolvers lose time on it and the zone has one server less than it seems.",
      "Give the name server an address (and glue at the parent, if it lies in the zone itself), or remove the NS "
      "record.",
      "example.org. IN NS ns1.example.org.\n"
      "ns1.example.org. IN A 192.0.2.53"}},
    {FindingId::kNsSamePrefix,
     {"All name servers stand in one network. A fault of its line, its router or its route takes the whole zone away.",
      "Place one name server in another network, best with another provider.",
      "ns1.example.org. IN A 192.0.2.53\n"
      "ns2.example.org. IN A 198.51.100.53"}},
    {FindingId::kSoaRnameAtSign,
     {"The SOA record writes the mailbox of whoever is responsible with a dot in place of the @. With an @ the address "
      "cannot be read as it was meant.",
      "Replace the @ by a dot.",
      "; wrong\n"
      "example.org. IN SOA ns1.example.org. hostmaster@example.org. (\n"
      "    2025010101 14400 3600 1209600 3600 )\n"
      "; right\n"
      "example.org. IN SOA ns1.example.org. hostmaster.example.org. (\n"
      "    2025010101 14400 3600 1209600 3600 )"}},
    {FindingId::kSoaRnameInvalid,
     {"The mailbox in the SOA record is no mail address, so nobody who finds a fault in the zone can tell you.",
      "Write a mailbox that is read, with a dot in place of the @ and a backslash before a dot in its local part.",
      "; means host.master@example.org\n"
      "example.org. IN SOA ns1.example.org. host\\.master.example.org. (\n"
      "    2025010101 14400 3600 1209600 3600 )"}},
    {FindingId::kSoaRnameUnroutable,
     {"The domain of the mailbox in the SOA record takes no mail, so nobody who finds a fault in the zone can tell "
      "you.",
      "Write a mailbox at a domain that takes mail.",
      "example.org. IN SOA ns1.example.org. hostmaster.example.org. (\n"
      "    2025010101 14400 3600 1209600 3600 )"}},
    {FindingId::kSoaTimerOutOfRange,
     {"Secondary servers ask too often, retry at the wrong pace, or drop the zone after too short an absence of the "
      "primary one.",
      "Write a refresh of 4 hours or more, a retry of an hour or more and below the refresh, and an expire of a week "
      "or "
      "more.",
      "; serial, refresh, retry, expire, negative TTL\n"
      "example.org. IN SOA ns1.example.org. hostmaster.example.org. (\n"
      "    2025010101 14400 3600 1209600 3600 )"}},
    {FindingId::kSoaNegativeTtlOutOfRange,
     {"The figure is how long caches remember that a name or type does not exist. Too short costs lookups; too long "
      "hides "
      "a new record for days.",
      "Write 300 to 86400 seconds as the last figure of the SOA record; an hour suits most zones. The TTL of the "
      "record "
      "itself limits it too.",
      "; the last figure\n"
      "example.org. IN SOA ns1.example.org. hostmaster.example.org. (\n"
      "    2025010101 14400 3600 1209600 3600 )"}},
};
static_assert(IsWhole(kPolicy, FindingId::kSpfMissing, FindingId::kSoaNegativeTtlOutOfRange));
static_assert(static_cast<size_t>(FindingId::kSoaNegativeTtlOutOfRange) + 1 == kFindingCount);

}  // namespace

std::span<const ExplanationEntry> PolicyExplanations() { return kPolicy; }

}  // namespace mxscan
