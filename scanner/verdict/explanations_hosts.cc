// What is said about an exchange host, its addresses, and their reverse names.
#include "scanner/verdict/explanation_parts.h"

namespace mxscan {
namespace {

constexpr ExplanationEntry kHosts[] = {
    {FindingId::kMxhostNxdomain,
     {"The exchange does not exist, so it takes no mail; with no other exchange, all mail bounces. A retired host or a "
      "slip in the name is the usual cause.",
      "Give the name an address, correct its spelling in the MX record, or remove the record.",
      "example.org. IN MX 10 mx.example.org.\n"
      "mx.example.org. IN A 192.0.2.25"}},
    {FindingId::kMxhostNoAddress,
     {"The exchange exists but has no address, so it takes no mail.",
      "Give the exchange an A record, an AAAA record or both, or remove the MX record.",
      "mx.example.org. IN A 192.0.2.25\n"
      "mx.example.org. IN AAAA 2001:db8::25"}},
    {FindingId::kMxhostRcodeInconsistent,
     {"The name servers say for one address family that the name does not exist, and give an address for the other. A "
      "resolver that asked first for the missing one may call the whole host missing.",
      "Have the name servers answer NOERROR without data for a type that the name lacks. The fault is mostly in a load "
      "balancer or a home-made server that answers for this name.",
      "mx.example.org. IN A 192.0.2.25\n"
      "mx.example.org. IN AAAA 2001:db8::25"}},
    {FindingId::kMxhostLookupServfail,
     {"The exchange's addresses are not known. Servers that are down or do not serve the zone, a fault of DNSSEC and "
      "trouble of the resolver all look like this; senders wait and try again.",
      "Ask each name server of the host's zone itself (dig +norecurse @SERVER HOST A), then another resolver. If only "
      "resolvers fail, ask one with dig +cd: an answer then means that the signatures are at fault.",
      ""}},
    {FindingId::kMxhostLookupRefused,
     {"The exchange's addresses are not known. The resolver may limit this client, or a name server of the host's zone "
      "was never told to serve it.",
      "Ask again more slowly or through another resolver. If all refuse, ask the zone's own servers one by one and "
      "have "
      "whoever runs the refusing one load the zone.",
      ""}},
    {FindingId::kMxhostLookupTimeout,
     {"The exchange's addresses are not known. The name servers of its zone may be unreachable, or packets were lost.",
      "Ask again with a lower rate and a longer timeout. If that fails too, ask each name server of the host's zone "
      "over "
      "UDP and TCP from another network.",
      ""}},
    {FindingId::kMxhostDnssecBogus,
     {"The signatures over the exchange's addresses do not hold. Senders behind a validating resolver cannot reach "
      "this "
      "exchange, while for all others nothing seems wrong.",
      "Compare the DS records at the parent with the DNSKEY records of the host's zone and look for signatures out of "
      "date. Sign the zone anew, or have the parent take a DS record away that matches no key.",
      ""}},
    {FindingId::kMxhostFamilyLookupFailed,
     {"One address family is known; the lookup of the other failed. A sender may wait for that lookup, or see fewer "
      "addresses than there are.",
      "Ask for the failing type at each name server of the host's zone. A server that fails at AAAA alone is often a "
      "load balancer that knows only A: it must answer NOERROR without data.",
      ""}},
    {FindingId::kMxhostAlias,
     {"An MX record must name a host that has addresses itself, not a CNAME. Many senders deliver all the same; some "
      "refuse, and a relay may not know itself in the list and loop mail.",
      "Let the MX record name the host at the end of the alias, or replace the CNAME by address records.",
      "; wrong\n"
      "example.org. IN MX 10 mail.example.org.\n"
      "mail.example.org. IN CNAME mx.example.net.\n"
      "; right\n"
      "example.org. IN MX 10 mx.example.net."}},
    {FindingId::kMxhostDnameAlias,
     {"The exchange lies under a DNAME, so resolvers make a CNAME for it, and an MX record must not name an alias. "
      "Some "
      "senders refuse it.",
      "Let the MX record name the host by its name under the DNAME's target.",
      "; wrong\n"
      "old.example.org. IN DNAME new.example.org.\n"
      "example.org. IN MX 10 mx.old.example.org.\n"
      "; right\n"
      "example.org. IN MX 10 mx.new.example.org."}},
    {FindingId::kMxhostAliasCrossZone,
     {"The alias of the exchange leads into a domain of somebody else. Its holder decides where the mail goes, and a "
      "fault there stops it.",
      "Nothing is to be mended for this alone; that the exchange is an alias at all is another finding.",
      "; right: name the other's host itself\n"
      "example.org. IN MX 10 mx.example.net."}},
    {FindingId::kMxhostAliasLong,
     {"Resolvers and mail servers follow a limited number of aliases, each by its own count. Some of them fail here.",
      "Let the MX record name the host at the end of the chain.", "example.org. IN MX 10 mx.example.net."}},
    {FindingId::kMxhostAliasLoop,
     {"The aliases of the exchange lead in a circle, so it has no address and takes no mail.",
      "Replace the CNAME at the exchange by address records, or let the MX record name a host that has them.",
      "; wrong\n"
      "mx.example.org. IN CNAME mail.example.org.\n"
      "mail.example.org. IN CNAME mx.example.org.\n"
      "; right\n"
      "mx.example.org. IN A 192.0.2.25"}},
    {FindingId::kMxhostAliasDangling,
     {"The exchange's alias leads to a name that does not exist, so it takes no mail. If that name can be registered "
      "or "
      "claimed, whoever does so receives the mail.",
      "Let the MX record name an existing host, or remove it, and remove the CNAME.",
      "; wrong, if the target is gone\n"
      "mx.example.org. IN CNAME gone.example.net.\n"
      "; right\n"
      "mx.example.org. IN A 192.0.2.25"}},
    {FindingId::kMxhostIpv4Only,
     {"The exchange has IPv4 addresses only. Nearly every sender can reach it.",
      "Nothing is to be mended. An AAAA record, once the host accepts mail there, serves senders that have only IPv6.",
      "mx.example.org. IN AAAA 2001:db8::25"}},
    {FindingId::kMxhostIpv6Only,
     {"The exchange has IPv6 addresses only. Many senders have no IPv6 and cannot reach it.",
      "Give the host an IPv4 address, or see that another exchange has one.", "mx.example.org. IN A 192.0.2.25"}},
    {FindingId::kMxhostMultiAddress,
     {"The exchange has several addresses of one family. Senders try them in turn, so this is redundancy under one "
      "name.",
      "Nothing is to be mended, as long as each address has a reverse name and takes mail.",
      "mx.example.org. IN A 192.0.2.25\n"
      "mx.example.org. IN A 198.51.100.25"}},
    {FindingId::kMxhostTtlZero,
     {"Nothing may be cached: each message costs its sender a lookup, and a short fault of the name servers stops the "
      "mail at once.",
      "Give the address records a TTL of five minutes or more.", "mx.example.org. 3600 IN A 192.0.2.25"}},

    {FindingId::kAddrUnspecified,
     {"This address means 'this host' or 'no address yet'. Nothing can be sent to it, and on some systems it reaches "
      "the "
      "sender itself.",
      "Write the server's public address, or remove the record.",
      "; wrong\n"
      "mx.example.org. IN A 0.0.0.0\n"
      "; right\n"
      "mx.example.org. IN A 192.0.2.25"}},
    {FindingId::kAddrLoopback,
     {"A loopback address is whichever machine asks: each sender would deliver to itself.",
      "Write the server's public address. If the domain takes no mail, write a null MX instead.",
      "; wrong\n"
      "mx.example.org. IN A 127.0.0.1\n"
      "; right\n"
      "mx.example.org. IN A 192.0.2.25"}},
    {FindingId::kAddrPrivate,
     {"The address is valid only inside a private network. Senders outside cannot reach it, or reach a machine of "
      "their "
      "own network.",
      "Write the public address by which the server is reached, and keep private addresses in an internal view.",
      "; wrong\n"
      "mx.example.org. IN A 10.0.0.25\n"
      "; right\n"
      "mx.example.org. IN A 192.0.2.25"}},
    {FindingId::kAddrCgnat,
     {"The address belongs to a provider's own translation between customers and the Internet. No sender outside that "
      "provider can reach it.",
      "Ask the provider for a public address, or take mail at a host that has one.",
      "; wrong\n"
      "mx.example.org. IN A 100.64.0.25\n"
      "; right\n"
      "mx.example.org. IN A 192.0.2.25"}},
    {FindingId::kAddrLinkLocal,
     {"The address is valid on one link only; routers do not forward to it. Often a machine gave it to itself when it "
      "got no other.",
      "Write the server's public address.",
      "; wrong\n"
      "mx.example.org. IN AAAA fe80::25\n"
      "; right\n"
      "mx.example.org. IN AAAA 2001:db8::25"}},
    {FindingId::kAddrDocumentation,
     {"The address is kept for examples in texts such as this one and reaches nobody. It was probably copied.",
      "Write the server's own public address.",
      "; wrong: any of these, which stand for yours in all examples\n"
      "mx.example.org. IN A 192.0.2.25\n"
      "mx.example.org. IN AAAA 2001:db8::25"}},
    {FindingId::kAddrBenchmark,
     {"The address is kept for measuring network devices in a laboratory and is not routed on the Internet.",
      "Write the server's public address.",
      "; wrong\n"
      "mx.example.org. IN A 198.18.0.25\n"
      "; right\n"
      "mx.example.org. IN A 192.0.2.25"}},
    {FindingId::kAddrMulticast,
     {"The address stands for a group of receivers. TCP, and so SMTP, has exactly one; no connection can be made.",
      "Write the server's public address.",
      "; wrong\n"
      "mx.example.org. IN A 224.0.0.25\n"
      "; right\n"
      "mx.example.org. IN A 192.0.2.25"}},
    {FindingId::kAddrReserved,
     {"The address is in a range kept for future use, or is the broadcast address. Most systems refuse to send to it.",
      "Write the server's public address.",
      "; wrong\n"
      "mx.example.org. IN A 240.0.0.25\n"
      "; right\n"
      "mx.example.org. IN A 192.0.2.25"}},
    {FindingId::kAddrProtocolAssignment,
     {"The range is kept for protocols that need fixed addresses, such as translators in a provider's network. It is "
      "not "
      "reachable from the Internet.",
      "Write the server's public address.",
      "; wrong\n"
      "mx.example.org. IN A 192.0.0.25\n"
      "; right\n"
      "mx.example.org. IN A 192.0.2.25"}},
    {FindingId::kAddr6to4Relay,
     {"The range was the meeting point of 6to4 relays, which have been given up. No mail server can be there.",
      "Write the server's public address.",
      "; wrong\n"
      "mx.example.org. IN A 192.88.99.1\n"
      "; right\n"
      "mx.example.org. IN A 192.0.2.25"}},
    {FindingId::kAddr6to4,
     {"A 6to4 address is reached through relays that hardly anyone runs any more. Many senders wait for a timeout "
      "before "
      "they try another address.",
      "Replace it by an address of native IPv6, or remove the AAAA record.",
      "; wrong\n"
      "mx.example.org. IN AAAA 2002:c000:219::25\n"
      "; right\n"
      "mx.example.org. IN AAAA 2001:db8::25"}},
    {FindingId::kAddrTeredo,
     {"A Teredo address is a tunnel to a client behind address translation, and the public servers of that service are "
      "gone. Hardly a sender can reach it.",
      "Replace it by an address of native IPv6, or remove the AAAA record.",
      "; wrong\n"
      "mx.example.org. IN AAAA 2001:0:c000:219::25\n"
      "; right\n"
      "mx.example.org. IN AAAA 2001:db8::25"}},
    {FindingId::kAddrV4mapped,
     {"This form writes an IPv4 address for programs inside one machine. It is never sent over a network.",
      "Write the IPv4 address in an A record and remove the AAAA record.",
      "; wrong\n"
      "mx.example.org. IN AAAA ::ffff:192.0.2.25\n"
      "; right\n"
      "mx.example.org. IN A 192.0.2.25"}},
    {FindingId::kAddrV4compat,
     {"This form of IPv6 address holds an IPv4 address and has been given up. Nothing routes it.",
      "Write the IPv4 address in an A record and remove the AAAA record.",
      "; wrong\n"
      "mx.example.org. IN AAAA ::192.0.2.25\n"
      "; right\n"
      "mx.example.org. IN A 192.0.2.25"}},
    {FindingId::kAddrNat64,
     {"The address stands for an IPv4 address behind a translator, which only networks that have one can use. "
      "Resolvers "
      "for such networks make it up.",
      "If a DNS64 resolver made it, ask another one to see the zone as it is. If the zone holds it, remove the AAAA "
      "record.",
      "; wrong\n"
      "mx.example.org. IN AAAA 64:ff9b::192.0.2.25\n"
      "; right\n"
      "mx.example.org. IN A 192.0.2.25"}},
    {FindingId::kAddrDiscard,
     {"The range is made for routers to throw packets away. Nothing that is sent there arrives.",
      "Write the server's public address.",
      "; wrong\n"
      "mx.example.org. IN AAAA 100::25\n"
      "; right\n"
      "mx.example.org. IN AAAA 2001:db8::25"}},
    {FindingId::kAddrUla,
     {"The address is valid only inside private networks, as 10.0.0.0/8 is in IPv4. Senders outside cannot reach it.",
      "Write the server's global address, and keep private ones in an internal view.",
      "; wrong\n"
      "mx.example.org. IN AAAA fd12:3456:789a::25\n"
      "; right\n"
      "mx.example.org. IN AAAA 2001:db8::25"}},
    {FindingId::kAddrSiteLocal,
     {"Site-local addresses have been given up, and they never reached beyond one site. Senders outside cannot use it.",
      "Write the server's global address.",
      "; wrong\n"
      "mx.example.org. IN AAAA fec0::25\n"
      "; right\n"
      "mx.example.org. IN AAAA 2001:db8::25"}},
    {FindingId::kAddrOrchid,
     {"The range held keys of an experiment that has ended, not places in a network. Nothing routes it.",
      "Write the server's global address.",
      "; wrong\n"
      "mx.example.org. IN AAAA 2001:10::25\n"
      "; right\n"
      "mx.example.org. IN AAAA 2001:db8::25"}},
    {FindingId::kAddrSrv6,
     {"The range names instructions to the routers of one provider (segment routing) and does not leave its network.",
      "Write the server's global address.",
      "; wrong\n"
      "mx.example.org. IN AAAA 5f00::25\n"
      "; right\n"
      "mx.example.org. IN AAAA 2001:db8::25"}},
    {FindingId::kAddrNotAllocated,
     {"All IPv6 addresses of the Internet begin with 2 or 3. This one is in no range that anybody could hold, mostly "
      "by "
      "a slip in its first group.",
      "Correct the address, or remove the AAAA record.",
      "; wrong\n"
      "mx.example.org. IN AAAA 4001:db8::25\n"
      "; right\n"
      "mx.example.org. IN AAAA 2001:db8::25"}},

    {FindingId::kPtrNxdomain,
     {"The address has no reverse name. Many receivers refuse mail from such an address or count it as likely spam, so "
      "it "
      "matters wherever this host also sends.",
      "Ask whoever holds the address block, mostly the hosting provider, for a PTR record with the host's name, and "
      "let "
      "that name lead back to the address.",
      "25.2.0.192.in-addr.arpa. IN PTR mx.example.org.\n"
      "mx.example.org. IN A 192.0.2.25"}},
    {FindingId::kPtrNodata,
     {"The reverse name exists but holds no PTR record, so the address has no name. Many receivers refuse mail from "
      "such "
      "an address or count it as likely spam.",
      "Ask whoever holds the address block, mostly the hosting provider, for a PTR record with the host's name.",
      "25.2.0.192.in-addr.arpa. IN PTR mx.example.org.\n"
      "mx.example.org. IN A 192.0.2.25"}},
    {FindingId::kPtrLookupServfail,
     {"Whether the address has a name is not known. Reverse zones are often delegated to servers that no longer serve "
      "them; a fault of DNSSEC or trouble of the resolver looks the same.",
      "Ask each name server of the reverse zone itself, and tell whoever holds the address block which of them fails.",
      ""}},
    {FindingId::kPtrLookupRefused,
     {"Whether the address has a name is not known. The resolver may limit this client or serve no reverse lookups, or "
      "a "
      "server of the reverse zone was never told to serve it.",
      "Ask again more slowly or through another resolver. If all refuse, tell whoever holds the address block which "
      "name "
      "server refuses.",
      ""}},
    {FindingId::kPtrLookupTimeout,
     {"Whether the address has a name is not known. The servers of the reverse zone may be unreachable; receivers of "
      "this "
      "host's mail wait for them too.",
      "Ask again with a lower rate and a longer timeout. If that fails too, tell whoever holds the address block which "
      "name servers are silent.",
      ""}},
    {FindingId::kPtrMultiple,
     {"Receivers that want one name of an address take any of these, now this and now that. Checks that need the right "
      "one pass by chance.",
      "Keep one PTR record: the name by which the host calls itself in EHLO.",
      "25.2.0.192.in-addr.arpa. IN PTR mx.example.org."}},
    {FindingId::kPtrExcessive,
     {"Checks by reverse name, SPF's among them, read 10 names and no more, in any order, so the right one may be left "
      "out. The answer may also outgrow a UDP packet.",
      "Keep one PTR record: the name by which the host calls itself in EHLO. Hosted domains need no PTR record each.",
      "25.2.0.192.in-addr.arpa. IN PTR mx.example.org."}},
    {FindingId::kPtrViaAlias,
     {"The reverse name is an alias into a zone of its user, which is how parts of a small network are delegated.",
      "Nothing is to be mended.",
      "25.2.0.192.in-addr.arpa. IN CNAME 25.0/26.2.0.192.in-addr.arpa.\n"
      "25.0/26.2.0.192.in-addr.arpa. IN PTR mx.example.org."}},
    {FindingId::kPtrAliasDangling,
     {"The reverse name is an alias to a name that does not exist, so the address has no name. The provider delegated, "
      "and the user's zone lacks the record.",
      "Write the PTR record at the name to which the alias leads.",
      "25.2.0.192.in-addr.arpa. IN CNAME 25.0/26.2.0.192.in-addr.arpa.\n"
      "25.0/26.2.0.192.in-addr.arpa. IN PTR mx.example.org."}},
    {FindingId::kPtrTargetAlias,
     {"A PTR record must give the host's own name, not an alias of it. Some checks do not follow the alias and fail.",
      "Write the name that has the address records.",
      "; wrong\n"
      "25.2.0.192.in-addr.arpa. IN PTR mail.example.org.\n"
      "mail.example.org. IN CNAME mx.example.org.\n"
      "; right\n"
      "25.2.0.192.in-addr.arpa. IN PTR mx.example.org."}},
    {FindingId::kPtrTargetIllegal,
     {"The name that the address is given is no host name, so receivers that check it refuse it or treat the address "
      "as "
      "nameless.",
      "Write a name of letters, digits and hyphens that leads back to the address.",
      "; wrong\n"
      "25.2.0.192.in-addr.arpa. IN PTR mail_out.example.org.\n"
      "; right\n"
      "25.2.0.192.in-addr.arpa. IN PTR mail-out.example.org."}},
    {FindingId::kPtrTargetIpLiteral,
     {"The record gives an address where a name belongs. It can never be confirmed, and receivers treat the address as "
      "nameless.",
      "Write the host's name.",
      "; wrong\n"
      "25.2.0.192.in-addr.arpa. IN PTR 192.0.2.25.\n"
      "; right\n"
      "25.2.0.192.in-addr.arpa. IN PTR mx.example.org."}},
    {FindingId::kPtrTargetSingleLabel,
     {"A name without a domain, localhost for instance, means nothing outside its own network and never confirms the "
      "address.",
      "Write the host's full name.",
      "; wrong\n"
      "25.2.0.192.in-addr.arpa. IN PTR localhost.\n"
      "; right\n"
      "25.2.0.192.in-addr.arpa. IN PTR mx.example.org."}},
    {FindingId::kPtrTargetUnresolvable,
     {"The name that the address is given has no address itself, so it confirms nothing. Many receivers refuse mail "
      "from "
      "such a host or count it as likely spam.",
      "Give that name an address record, or write another name in the PTR record.",
      "25.2.0.192.in-addr.arpa. IN PTR mx.example.org.\n"
      "mx.example.org. IN A 192.0.2.25"}},
    {FindingId::kFcrdnsPass,
     {"The address has a name, and the name leads back to the address: what receivers look for first.",
      "Nothing is to be mended.",
      "25.2.0.192.in-addr.arpa. IN PTR mx.example.org.\n"
      "mx.example.org. IN A 192.0.2.25"}},
    {FindingId::kFcrdnsPartial,
     {"Of the address's names some lead back to it and some do not. A receiver that takes one of those may call the "
      "whole address unconfirmed.",
      "Remove the PTR records whose names lead elsewhere; one that leads back is enough.",
      "25.2.0.192.in-addr.arpa. IN PTR mx.example.org.\n"
      "mx.example.org. IN A 192.0.2.25"}},
    {FindingId::kFcrdnsFail,
     {"The address claims names, and none of them leads back to it, as a forged name would. Many receivers refuse mail "
      "from such a host or count it as likely spam.",
      "Let the PTR record give a name whose A or AAAA record is this address.",
      "; wrong\n"
      "25.2.0.192.in-addr.arpa. IN PTR mx.example.org.\n"
      "mx.example.org. IN A 198.51.100.25\n"
      "; right\n"
      "25.2.0.192.in-addr.arpa. IN PTR mx.example.org.\n"
      "mx.example.org. IN A 192.0.2.25"}},
    {FindingId::kFcrdnsUnknown,
     {"Whether a name of the address leads back to it is not known, because a lookup failed. Receivers that meet the "
      "same "
      "defer the mail or treat the address as unconfirmed.",
      "Ask for A and AAAA of each PTR name again, through another resolver and at the name servers of its zone. The "
      "host's row tells which lookup failed.",
      ""}},
    {FindingId::kPtrNotMxName,
     {"The address is confirmed, but under a name other than the exchange's. That is common where one machine has many "
      "names; only a receiver that compares it with EHLO may mind.",
      "Let the host call itself in EHLO by the name of its PTR record, or let the PTR record give the exchange's name.",
      "example.org. IN MX 10 mx.example.org.\n"
      "mx.example.org. IN A 192.0.2.25\n"
      "25.2.0.192.in-addr.arpa. IN PTR mx.example.org."}},
    {FindingId::kPtrGeneric,
     {"The name looks like those that providers give to whole ranges of customers. Receivers take such hosts for "
      "infected "
      "home computers and refuse or delay their mail.",
      "Ask whoever holds the address block for a name of your own in the PTR record.",
      "; wrong\n"
      "25.2.0.192.in-addr.arpa. IN PTR 192-0-2-25.dyn.example.net.\n"
      "; right\n"
      "25.2.0.192.in-addr.arpa. IN PTR mx.example.org."}},
};
static_assert(IsWhole(kHosts, FindingId::kMxhostNxdomain, FindingId::kPtrGeneric));

}  // namespace

std::span<const ExplanationEntry> HostExplanations() { return kHosts; }

}  // namespace mxscan
