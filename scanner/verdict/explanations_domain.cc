// What is said about a domain, the set of its MX records, and each record.
#include "scanner/verdict/explanation_parts.h"

namespace mxscan {
namespace {

constexpr ExplanationEntry kDomain[] = {
    {FindingId::kDomainNxdomain,
     {"The name does not exist, and every sender is told so at once: all mail to it bounces.",
      "Check the spelling. If the name is yours, see that its registration has not lapsed and that its parent zone "
      "delegates it or holds it, then publish an MX record.",
      "example.org. IN MX 10 mx.example.org."}},
    {FindingId::kDomainLookupServfail,
     {"Nothing is known about this domain's mail. Servers that are down or do not serve the zone, a fault of DNSSEC "
      "and "
      "trouble of the resolver all look like this; a sender keeps the mail and tries again for days.",
      "Ask each name server of the zone itself (dig +norecurse @SERVER DOMAIN MX), then another resolver. If the "
      "servers answer and resolvers do not, ask one with dig +cd: an answer then means that the signatures are at "
      "fault.",
      ""}},
    {FindingId::kDomainLookupRefused,
     {"Nothing is known about this domain's mail. REFUSED is a server's policy: the resolver may not serve this client "
      "or may limit its rate, or a name server of the zone was never told to serve it.",
      "Ask again more slowly or through another resolver. If all refuse, ask the zone's own servers one by one and "
      "have "
      "whoever runs the refusing one load the zone, or remove it from the NS records.",
      ""}},
    {FindingId::kDomainLookupTimeout,
     {"Nothing is known about this domain's mail. Its name servers may be unreachable, packets may have been lost, or "
      "a "
      "server on the way drops what it does not want to answer.",
      "Ask again with a lower rate and a longer timeout. If that fails too, ask each name server of the zone over UDP "
      "and TCP (dig +tcp) from another network, and look for a filter before the silent one.",
      ""}},
    {FindingId::kDomainDnssecBogus,
     {"The zone's signatures do not hold. Senders behind a validating resolver get no answer and cannot deliver, while "
      "for all others nothing seems wrong.",
      "Compare the DS records at the parent with the zone's DNSKEY records and look for signatures out of date. Sign "
      "the "
      "zone anew, or have the parent take a DS record away that matches no key.",
      ""}},
    {FindingId::kDomainNameInvalid,
     {"No such name can be in the DNS, so no mail can be addressed to it. Labels hold 1 to 63 octets, a whole name at "
      "most 255, and an internationalised name must convert to A-labels.",
      "Correct the line of the input list. The rejects table says what is wrong with it.", ""}},
    {FindingId::kDomainIsAlias,
     {"The domain is a CNAME, and mail to it goes where the end of the alias chain says. That is allowed; it costs "
      "each "
      "sender more lookups, and no record of the domain's own can stand beside the CNAME.",
      "Nothing is to be mended. To give the domain mail of its own, replace the CNAME by the records it needs.",
      "; mail to shop.example.org goes to the exchanges of the target\n"
      "shop.example.org. IN CNAME shop.example.net."}},
    {FindingId::kDomainAliasDangling,
     {"The alias leads to a name that does not exist, so all mail to the domain bounces. If that name can be "
      "registered "
      "or claimed, whoever does so receives the mail.",
      "Let the CNAME lead to an existing name, or replace it by MX records.",
      "; wrong, if the target is gone\n"
      "shop.example.org. IN CNAME gone.example.net.\n"
      "; right\n"
      "shop.example.org. IN MX 10 mx.example.org."}},
    {FindingId::kDomainAliasLoop,
     {"The aliases lead in a circle, so that there is no end at which MX records could stand. No mail can be "
      "delivered.",
      "Break the circle: replace one of the CNAME records by the data that was meant.",
      "; wrong\n"
      "a.example.org. IN CNAME b.example.org.\n"
      "b.example.org. IN CNAME a.example.org.\n"
      "; right\n"
      "a.example.org. IN CNAME b.example.org.\n"
      "b.example.org. IN MX 10 mx.example.org."}},
    {FindingId::kDomainAliasLong,
     {"Resolvers and mail servers follow a limited number of aliases, each by its own count. Some of them fail here, "
      "and "
      "the others need a lookup for every link.",
      "Let the first CNAME lead straight to the name at the end of the chain.",
      "; right: one link\n"
      "shop.example.org. IN CNAME shop.example.net."}},
    {FindingId::kDomainApexCname,
     {"The top of a zone always holds SOA and NS records, and nothing may stand beside a CNAME. Resolvers differ in "
      "what "
      "they make of it: MX and NS records vanish for some of them.",
      "Remove the CNAME at the top of the zone and write the address and MX records that were meant. Where the web "
      "host gives only a name, many DNS providers keep its addresses up to date at the top of a zone (ALIAS, ANAME or "
      "flattening).",
      "; wrong at the top of a zone\n"
      "example.org. IN CNAME www.example.net.\n"
      "; right\n"
      "example.org. IN A 192.0.2.80\n"
      "example.org. IN MX 10 mx.example.org."}},
    {FindingId::kCnameCoexists,
     {"Where a CNAME stands, no other data may stand. Which of the two a sender sees depends on what its resolver "
      "holds "
      "in its cache, so mail goes now here, now there.",
      "Keep either the CNAME or the other records at this name.",
      "; wrong\n"
      "shop.example.org. IN CNAME shop.example.net.\n"
      "shop.example.org. IN MX 10 mx.example.org.\n"
      "; right\n"
      "shop.example.org. IN A 192.0.2.80\n"
      "shop.example.org. IN MX 10 mx.example.org."}},
    {FindingId::kMxWildcard,
     {"Every name below the domain takes mail, made-up and mistyped ones too, which draws spam and hides errors. Names "
      "that exist with any record of their own are not covered, against what many expect.",
      "If this is not meant, remove the wildcard and write an MX record at each name that takes mail.",
      "; wrong, unless every name is to take mail\n"
      "*.example.org. IN MX 10 mx.example.org.\n"
      "; right\n"
      "sales.example.org. IN MX 10 mx.example.org."}},
    {FindingId::kDomainFromWildcard,
     {"The domain has no records of its own: a wildcard of its parent answers for it as for any made-up name. That it "
      "takes mail is perhaps nobody's decision.",
      "If the domain is to take mail, give it an MX record of its own. If not, narrow or remove the wildcard.",
      "sales.example.org. IN MX 10 mx.example.org."}},
    {FindingId::kMxOnTld,
     {"An address at a domain without a dot is refused by many mail programs, and others complete it with their own "
      "domain. ICANN forbids such records to generic top-level domains.",
      "Take mail at a name below the top-level domain and remove the MX record at the top.",
      "; wrong: TLD here stands for a top-level domain\n"
      "TLD. IN MX 10 mx.nic.TLD.\n"
      "; right\n"
      "nic.TLD. IN MX 10 mx.nic.TLD."}},
    {FindingId::kDomainNoIpv6Mx,
     {"No exchange can be reached over IPv6. A sender that has only IPv6 cannot deliver.",
      "Give at least one exchange an IPv6 address, with a reverse name that leads back, once it accepts mail there.",
      "mx.example.org. IN AAAA 2001:db8::25"}},
    {FindingId::kDomainNoIpv4Mx,
     {"No exchange can be reached over IPv4. Many senders have only IPv4, and their mail never arrives.",
      "Give at least one exchange an IPv4 address.", "mx.example.org. IN A 192.0.2.25"}},

    {FindingId::kMxNoneImplicit,
     {"Without MX records the domain's own address counts as its only exchange. That is often a web server: mail is "
      "refused there, or waits for days for a port that never opens.",
      "Say which host takes the mail, if only the domain itself. If the domain takes no mail, say so by a null MX.",
      "; it takes mail\n"
      "example.org. IN MX 10 mx.example.org.\n"
      "; or it takes none\n"
      "example.org. IN MX 0 ."}},
    {FindingId::kImplicitMxSuspect,
     {"Mail goes to the domain's own address, although a mail host seems to stand at another one. The MX record was "
      "probably forgotten, and mail goes to the wrong machine.",
      "Write an MX record that names the mail host. If the domain takes no mail, write a null MX.",
      "example.org. IN MX 10 mail.example.org."}},
    {FindingId::kMxNoneNoAddress,
     {"The domain has neither an exchange nor an address, so it can take no mail. Whether that is meant cannot be "
      "told.",
      "If it takes no mail, say so by a null MX: senders then know at once and for certain. If it does, write an MX "
      "record.",
      "; it takes no mail\n"
      "example.org. IN MX 0 ."}},
    {FindingId::kMxNoneAddressUnknown,
     {"There is no MX record, and whether the domain's own address takes its place is not known, because that lookup "
      "failed. A sender in this place waits and tries again.",
      "Ask for A and AAAA of the domain again, through another resolver and at its own name servers. An MX record, or "
      "a "
      "null MX, makes the question needless.",
      ""}},
    {FindingId::kNullMx,
     {"The domain says that it takes no mail, in the way made for it. Senders give up at once instead of trying for "
      "days.",
      "Nothing is to be mended, if the domain takes no mail.", "example.org. IN MX 0 ."}},
    {FindingId::kNullMxNonzeroPref,
     {"A null MX has preference 0. Other figures are understood by most senders, but not promised to be.",
      "Write the preference as 0.",
      "; wrong\n"
      "example.org. IN MX 10 .\n"
      "; right\n"
      "example.org. IN MX 0 ."}},
    {FindingId::kNullMxNotSole,
     {"The null MX says that the domain takes no mail, and the other record says that it does. A null MX must stand "
      "alone; some senders give up here, others waste an attempt on the root.",
      "Keep the null MX if the domain takes no mail, or the other records if it does; not both.",
      "; wrong\n"
      "example.org. IN MX 0 .\n"
      "example.org. IN MX 10 mx.example.org.\n"
      "; right\n"
      "example.org. IN MX 10 mx.example.org."}},
    {FindingId::kNullMxSenderConflict,
     {"SPF lets somebody send mail as this domain, and the null MX says that nothing can be returned to it. Receivers "
      "may "
      "refuse such mail, as no bounce or reply can come back.",
      "If the domain sends no mail either, let its SPF record permit nobody. If it does, give it an exchange in place "
      "of "
      "the null MX.",
      "; neither sends nor takes mail\n"
      "example.org. IN MX 0 .\n"
      "example.org. IN TXT \"v=spf1 -all\""}},
    {FindingId::kNoMailWithoutNullMx,
     {"SPF says that the domain sends no mail, but its address still counts as an exchange. Senders of mistyped mail "
      "try "
      "that address for days.",
      "Write a null MX, if the domain takes no mail.",
      "example.org. IN MX 0 .\n"
      "example.org. IN TXT \"v=spf1 -all\""}},
    {FindingId::kMxSingle,
     {"When this one host is out of reach, all mail waits in the senders' queues, and after some days it bounces. "
      "Senders "
      "do queue, so this is a choice rather than an error.",
      "Add a second exchange at another address and network that knows the same recipients. If the one name stands for "
      "several machines, nothing is to be done.",
      "example.org. IN MX 10 mx1.example.org.\n"
      "example.org. IN MX 20 mx2.example.org."}},
    {FindingId::kMxMany,
     {"Senders try only the first few exchanges, and the answer may outgrow a UDP packet. The mx mechanism of SPF "
      "fails "
      "for good with more than 10.",
      "Keep at most 10 exchanges; give one name several addresses where there are more machines.",
      "example.org. IN MX 10 mx.example.org.\n"
      "mx.example.org. IN A 192.0.2.25\n"
      "mx.example.org. IN A 198.51.100.25"}},
    {FindingId::kMxDuplicateTarget,
     {"A host that fails at one preference fails at the other too. The second record adds an attempt and no "
      "redundancy.",
      "Keep one record for the host. If a second host was meant, name it.",
      "; wrong\n"
      "example.org. IN MX 10 mx.example.org.\n"
      "example.org. IN MX 20 mx.example.org.\n"
      "; right\n"
      "example.org. IN MX 10 mx.example.org."}},
    {FindingId::kMxRrDuplicate,
     {"The answer holds one record twice. A set of records has no duplicates, so the copy means nothing and is dropped "
      "by whoever reads it.",
      "Nothing is to be mended for the mail's sake. Remove the copy from the zone to keep the answer small.",
      "example.org. IN MX 10 mx.example.org."}},
    {FindingId::kMxEqualPreference,
     {"Senders choose among exchanges of one preference at random, so these hosts share the load.",
      "Nothing is to be mended, as long as all of them know the same recipients.",
      "example.org. IN MX 10 mx1.example.org.\n"
      "example.org. IN MX 10 mx2.example.org."}},
    {FindingId::kMxBackupPresent,
     {"Senders turn to a host of a higher preference when those before it fail. Spammers turn to it first, in the hope "
      "that it filters less.",
      "Nothing is to be mended, as long as the backup knows the same recipients and filters as the first does.",
      "example.org. IN MX 10 mx1.example.org.\n"
      "example.org. IN MX 20 mx2.example.org."}},
    {FindingId::kMxSharedAddress,
     {"Two names lead to one machine, so that both fail together. A sender that could not deliver to the first only "
      "knocks at the same door again.",
      "Give each exchange an address of its own, or name the one machine once.",
      "mx1.example.org. IN A 192.0.2.25\n"
      "mx2.example.org. IN A 198.51.100.25"}},
    {FindingId::kMxNoAddressDiversity,
     {"The exchanges have several names and only one address. When that machine is down, all of them are.",
      "Put the second exchange on another machine with another address, or keep one record.",
      "mx1.example.org. IN A 192.0.2.25\n"
      "mx2.example.org. IN A 198.51.100.25"}},
    {FindingId::kMxSamePrefix,
     {"All exchanges stand in one network. A fault of its line, its router or its route takes all of them away at "
      "once.",
      "Place one exchange in another network, best with another provider. Where mail may wait for some hours, this can "
      "stay.",
      "mx1.example.org. IN A 192.0.2.25\n"
      "mx2.example.org. IN A 198.51.100.25"}},
    {FindingId::kMxAllUnusable,
     {"No exchange can be reached, and a sender must not fall back to the domain's own address while MX records exist. "
      "All mail to the domain bounces.",
      "Mend at least one exchange; the findings of the records and hosts say what is wrong with each. If the domain "
      "takes no mail, write a null MX.",
      "example.org. IN MX 10 mx.example.org.\n"
      "mx.example.org. IN A 192.0.2.25"}},
    {FindingId::kMxSomeUnusable,
     {"Mail arrives by the other exchanges, but attempts on the dead ones delay it, and the redundancy is less than it "
      "seems.",
      "Mend the unusable exchanges or remove their MX records; the findings of the records and hosts tell which they "
      "are.",
      ""}},
    {FindingId::kMxPrimaryUnusable,
     {"Every message is first offered to exchanges that cannot take it and then goes to a backup. Mail is late, and "
      "the "
      "backup carries the whole load.",
      "Mend the exchanges of the lowest preference, or remove their records so that the working ones come first.", ""}},
    {FindingId::kMxExternal,
     {"Another organisation's host takes the domain's mail, as with any hosted mail service. Whoever controls that "
      "domain receives the mail.",
      "Nothing is to be mended, if the service is the one that you use.", "example.org. IN MX 10 mx.example.net."}},
    {FindingId::kMxLoopRisk,
     {"Mail comes in through an outside filter, and one of the domain's own hosts is listed behind it. If that host "
      "routes by MX, it hands mail back to the filter, and the message circles until it bounces.",
      "Let the filter deliver to the own host by a configured route, and remove the own host from the MX records; or "
      "make sure that the own host holds the domain as local.",
      "; wrong, if the own host routes by MX\n"
      "example.org. IN MX 10 filter.example.net.\n"
      "example.org. IN MX 20 mail.example.org.\n"
      "; right\n"
      "example.org. IN MX 10 filter.example.net."}},
    {FindingId::kMxTargetSelf,
     {"The domain itself is the exchange, so its address must be the mail server's, not a web host's.",
      "Nothing is to be mended, if the domain's address is that of the mail server.",
      "example.org. IN MX 10 example.org.\n"
      "example.org. IN A 192.0.2.25"}},
    {FindingId::kMxRrsetInconsistent,
     {"Which exchanges a sender sees depends on the name server that it happens to ask. Part of the mail may go to "
      "hosts "
      "that are no longer meant.",
      "Compare the SOA serials of the servers and mend the zone transfer, or load the zone at the server that lags. "
      "Raise "
      "the serial with every change.",
      ""}},
    {FindingId::kMxTruncated,
     {"The answer is too large for UDP, and no attempt over TCP succeeded, so the MX records are not known. Resolvers "
      "that meet the same cannot find them either.",
      "Ask each name server with dig +tcp. If one is silent, open port 53 over TCP before it; then make the answer "
      "smaller, by fewer MX records or shorter names.",
      ""}},
    {FindingId::kMxTtlZero,
     {"Nothing may be cached: each message costs its sender a lookup. A short fault of the name servers stops the mail "
      "at once.",
      "Give the records a TTL of an hour or more; five minutes while a change is under way.",
      "example.org. 3600 IN MX 10 mx.example.org."}},
    {FindingId::kMxTtlLow,
     {"Caches forget the records within five minutes. That costs lookups and leaves little time when the name servers "
      "fail.",
      "Raise the TTL to an hour or more once no change is planned.", "example.org. 3600 IN MX 10 mx.example.org."}},
    {FindingId::kMxTtlHigh,
     {"A change of the exchanges takes more than a week to reach every sender; old hosts must take mail until then.",
      "Lower the TTL to a day or less.", "example.org. 86400 IN MX 10 mx.example.org."}},
    {FindingId::kMxTtlMixed,
     {"The records of one set must have one TTL. A cache that keeps them as they come loses some of them before the "
      "others.",
      "Give all MX records of the name the same TTL.",
      "; wrong\n"
      "example.org. 300 IN MX 10 mx1.example.org.\n"
      "example.org. 86400 IN MX 20 mx2.example.org.\n"
      "; right\n"
      "example.org. 3600 IN MX 10 mx1.example.org.\n"
      "example.org. 3600 IN MX 20 mx2.example.org."}},
    {FindingId::kMxTtlInvalid,
     {"A TTL is at most 2147483647 seconds. A larger figure is to be read as 0, so that nothing is cached.",
      "Write the TTL in seconds, such as 3600.", "example.org. 3600 IN MX 10 mx.example.org."}},

    {FindingId::kMxExchangeIpv4Literal,
     {"An MX record names a host, never an address. Senders look the figures up as a host name, find none, and this "
      "exchange takes no mail.",
      "Give the address a name and let the MX record name it.",
      "; wrong\n"
      "example.org. IN MX 10 192.0.2.25.\n"
      "; right\n"
      "example.org. IN MX 10 mx.example.org.\n"
      "mx.example.org. IN A 192.0.2.25"}},
    {FindingId::kMxExchangeIpv4LiteralRelative,
     {"An address was written as the exchange, without a trailing dot, so the zone's name was appended to it. No host "
      "has "
      "that name, and this exchange takes no mail.",
      "Give the address a name and let the MX record name it, with a dot at its end.",
      "; wrong: becomes 192.0.2.25.example.org.\n"
      "example.org. IN MX 10 192.0.2.25\n"
      "; right\n"
      "example.org. IN MX 10 mx.example.org.\n"
      "mx.example.org. IN A 192.0.2.25"}},
    {FindingId::kMxExchangeIpv6Literal,
     {"An MX record names a host, never an address. No host has this name, and this exchange takes no mail.",
      "Give the address a name and let the MX record name it.",
      "; wrong\n"
      "example.org. IN MX 10 2001:db8::25\n"
      "; right\n"
      "example.org. IN MX 10 mx.example.org.\n"
      "mx.example.org. IN AAAA 2001:db8::25"}},
    {FindingId::kMxExchangeBracketed,
     {"Brackets around an address belong to mail addresses such as user@[192.0.2.25], not to the DNS. In an MX record "
      "they make a host name that cannot exist.",
      "Give the address a name and let the MX record name it.",
      "; wrong\n"
      "example.org. IN MX 10 [192.0.2.25].\n"
      "; right\n"
      "example.org. IN MX 10 mx.example.org.\n"
      "mx.example.org. IN A 192.0.2.25"}},
    {FindingId::kMxExchangeNumericTld,
     {"No top-level domain is all digits, so the exchange cannot exist. Mostly it is a mistyped address.",
      "Write the exchange's full name.",
      "; wrong\n"
      "example.org. IN MX 10 192.0.2.25.25.\n"
      "; right\n"
      "example.org. IN MX 10 mx.example.org."}},
    {FindingId::kMxExchangeSingleLabel,
     {"The exchange is a name without a domain. On the Internet it leads nowhere; in a sender's own network it may "
      "lead "
      "to one of the sender's machines.",
      "Write the exchange's full name.",
      "; wrong\n"
      "example.org. IN MX 10 mx.\n"
      "; right\n"
      "example.org. IN MX 10 mx.example.org."}},
    {FindingId::kMxExchangeLocalhost,
     {"Localhost is whichever machine asks: each sender would deliver to itself. This exchange takes no mail.",
      "Write the exchange's full name. If the domain takes no mail, write a null MX instead.",
      "; wrong\n"
      "example.org. IN MX 10 localhost.\n"
      "; right\n"
      "example.org. IN MX 10 mx.example.org.\n"
      "; or it takes no mail\n"
      "example.org. IN MX 0 ."}},
    {FindingId::kMxExchangeSpecialTld,
     {"The name is kept for private networks, tests or texts and is never in the public DNS. No sender outside can "
      "reach this exchange.",
      "Write the name that the exchange has on the Internet.",
      "; wrong\n"
      "example.org. IN MX 10 mail.local.\n"
      "; right\n"
      "example.org. IN MX 10 mx.example.org."}},
    {FindingId::kMxExchangeArpa,
     {"Names under in-addr.arpa and ip6.arpa stand for addresses and carry PTR records, not hosts. This exchange "
      "counts "
      "as unusable.",
      "Write the exchange's host name.",
      "; wrong\n"
      "example.org. IN MX 10 25.2.0.192.in-addr.arpa.\n"
      "; right\n"
      "example.org. IN MX 10 mx.example.org."}},
    {FindingId::kMxExchangeMissingDot,
     {"In a zone file a name without a trailing dot is completed with the zone's name. The exchange now ends in the "
      "zone "
      "once too often, does not exist, and takes no mail.",
      "Write the exchange with a dot at its end. Forms on the web may want it without one: look at the published "
      "record.",
      "; wrong: becomes mx.example.org.example.org.\n"
      "example.org. IN MX 10 mx.example.org\n"
      "; right\n"
      "example.org. IN MX 10 mx.example.org."}},
    {FindingId::kMxExchangeUnderscore,
     {"Host names hold letters, digits and hyphens. An underscore works with many senders, but some refuse the name, "
      "and "
      "no public certificate can be issued for it.",
      "Rename the host and let the MX record name it by its new name.",
      "; wrong\n"
      "example.org. IN MX 10 mail_1.example.org.\n"
      "; right\n"
      "example.org. IN MX 10 mail-1.example.org."}},
    {FindingId::kMxExchangeBadHyphen,
     {"A label of a host name neither begins nor ends with a hyphen. Some senders refuse such a name.",
      "Rename the host and let the MX record name it by its new name.",
      "; wrong\n"
      "example.org. IN MX 10 mail-.example.org.\n"
      "; right\n"
      "example.org. IN MX 10 mail.example.org."}},
    {FindingId::kMxExchangeIllegalChar,
     {"The name holds a character that no host name may hold. Senders refuse it, and often it shows a slip such as two "
      "names or a comment in one field.",
      "Write the host's name and nothing else: letters, digits, hyphens, and dots between the labels.",
      "; wrong: a space in the name\n"
      "example.org. IN MX 10 mail\\032server.example.org.\n"
      "; right\n"
      "example.org. IN MX 10 mail-server.example.org."}},
    {FindingId::kMxExchangeNonascii,
     {"An internationalised name stands in the DNS as A-labels, which begin with xn--. Raw octets over 127 match no "
      "name "
      "that a sender would look up.",
      "Write the A-label form of the name.",
      "; wrong\n"
      "example.org. IN MX 10 m\\195\\188ller.example.org.\n"
      "; right\n"
      "example.org. IN MX 10 xn--mller-kva.example.org."}},
    {FindingId::kMxExchangeDoubleHyphen,
     {"Hyphens in the third and fourth place are kept for internationalised names and their kin. Software that checks "
      "names strictly may refuse this one.",
      "Rename the host when there is an occasion.",
      "; wrong\n"
      "example.org. IN MX 10 mx--1.example.org.\n"
      "; right\n"
      "example.org. IN MX 10 mx-1.example.org."}},
    {FindingId::kMxExchangeBadAlabel,
     {"The label claims to be an internationalised name and does not decode to a valid one. Software that shows or "
      "checks "
      "such names may refuse it.",
      "Convert the name again with an IDNA2008 converter, or name the host in plain letters.",
      "; wrong: cut short\n"
      "example.org. IN MX 10 xn--mller-kv.example.org.\n"
      "; right\n"
      "example.org. IN MX 10 xn--mller-kva.example.org."}},
    {FindingId::kMxVerificationToken,
     {"This record proves to a mail service that the domain is yours; it is no exchange, and its high preference keeps "
      "senders from it.",
      "Nothing is to be mended. When the service has verified the domain, the record can be removed.",
      "example.org. IN MX 32767 ms12345678.msv1.invalid."}},
    {FindingId::kMxExchangeDanglingRegistrable,
     {"Nobody holds the exchange's domain. Whoever registers it can receive this domain's mail, password resets among "
      "it.",
      "Remove the record now, or correct its spelling. If the domain was yours, register it again before another does.",
      "; wrong, if example.net is free to register\n"
      "example.org. IN MX 20 mx.example.net.\n"
      "; right\n"
      "example.org. IN MX 20 mx2.example.org."}},
};
static_assert(IsWhole(kDomain, FindingId::kDomainNxdomain, FindingId::kMxExchangeDanglingRegistrable));

}  // namespace

std::span<const ExplanationEntry> DomainExplanations() { return kDomain; }

}  // namespace mxscan
