"""The zones of the real-server test: a root, two top-level domains, mail domains with typical faults, reverse trees.

Every mail domain is a zone of its own. Addresses are data only: no packet is ever sent to them. They are chosen from
ordinary unicast space because documentation addresses are a finding of their own.
"""

import ipaddress

SOA = "@ 3600 IN SOA ns.provider.net. hostmaster.provider.net. 1 14400 3600 1209600 3600\n@ 3600 IN NS ns.provider.net.\n"

# Mail domains, in the order of expected.txt.
MAIL_ZONES = {
    "provider.net.": """
ns    A 5.10.0.53
mx    A 5.10.0.1
mx    AAAA 2a10:0:1::1
mx2   A 5.10.7.1
mx2   AAAA 2a10:7:1::1
shut  A 10.9.8.7
dyn-5-10-30-1.pool A 5.10.30.1
""",
    "good.com.": """
@    MX 10 mx1
@    MX 20 mx2
mx1  A 5.10.1.1
mx1  AAAA 2a10:1:1::1
mx2  A 5.10.2.1
mx2  AAAA 2a10:2:1::1
""",
    "hosted.com.": "@ MX 10 mx.provider.net.\n@ MX 20 mx2.provider.net.\n",
    "single.com.": "@ MX 10 mail\nmail A 5.10.3.1\n",
    "equal.com.": "@ MX 10 mx.provider.net.\n@ MX 10 mx2.provider.net.\n",
    "self.com.": "@ MX 10 @\n@ A 5.10.4.1\n",
    "v6only.com.": "@ MX 10 mail\nmail AAAA 2a10:5:1::1\n",
    "xn--bcher-kva.com.": "@ MX 10 mx.provider.net.\n",
    "mixedcase.com.": "@ MX 10 MaIl.MixedCase.COM.\nmail A 5.10.6.1\n",
    "longttl.com.": "@ 1209600 MX 10 mx.provider.net.\n",
    # Aliases at the input name.
    "aliases.com.": "www CNAME good.com.\ngone CNAME missing.good.com.\n",
    # Null MX.
    "null.com.": "@ MX 0 .\n",
    "nullpref.com.": "@ MX 10 .\n",
    "nullmixed.com.": "@ MX 0 .\n@ MX 10 mx.provider.net.\n",
    # No MX.
    "implicit.com.": "@ A 5.10.8.1\n",
    "implicitprivate.com.": "@ A 192.168.1.1\n",
    "forgotten.com.": "@ A 5.10.15.1\nmail A 5.10.16.1\n",
    "nomail.com.": '@ TXT "no mail here"\n',
    # Exchanges that cannot be hosts.
    "literal.com.": "@ MX 10 5.10.9.9.\n",
    "literalrelative.com.": "@ MX 10 5.10.9.9\n",
    "localhost-mx.com.": "@ MX 10 localhost.\n",
    "special.com.": "@ MX 10 mail.corp.local.\n",
    "onelabel.com.": "@ MX 10 mail.\n",
    "numeric-tld.com.": "@ MX 10 mail.good.123.\n",
    "reverse-mx.com.": "@ MX 10 1.0.10.5.in-addr.arpa.\n",
    "token.com.": "@ MX 10 ms12345678.msv1.invalid.\n@ MX 20 mx.provider.net.\n",
    # Names that are odd but work.
    "underscore.com.": "@ MX 10 mx_1\nmx_1 A 5.10.10.1\n",
    "hyphen.com.": "@ MX 10 -mx\n-mx A 5.10.11.1\n",
    # Exchanges that do not resolve.
    "nohost.com.": "@ MX 10 gone\n",
    "noaddress.com.": '@ MX 10 mail\nmail TXT "no address here"\n',
    "missing-dot.com.": "@ MX 10 mx.provider.net\n",
    "takeover.com.": "@ MX 10 mx.lapsed-registration.net.\n",
    "space.com.": "@ MX 10 mx\\032one\\044two.provider.net.\n",
    # Alias exchanges.
    "mx-alias.com.": "@ MX 10 mail\nmail CNAME mx.provider.net.\n",
    "mx-alias-gone.com.": "@ MX 10 mail\nmail CNAME gone.provider.net.\n",
    # Addresses that cannot be reached.
    "private.com.": "@ MX 10 mail\nmail A 10.1.2.3\n",
    "degraded.com.": "@ MX 10 shut.provider.net.\n@ MX 20 mx.provider.net.\n",
    # Sets.
    "duplicate.com.": "@ MX 10 mx.provider.net.\n@ MX 20 mx.provider.net.\n",
    "shared.com.": "@ MX 10 a\n@ MX 20 b\na A 5.10.12.1\nb A 5.10.12.1\n",
    "sameprefix.com.": "@ MX 10 a\n@ MX 20 b\na A 5.10.13.1\nb A 5.10.13.2\n",
    "backup-home.com.": "@ MX 10 mx.provider.net.\n@ MX 20 home\nhome A 5.10.14.1\n",
    # 48 exchanges: over any UDP answer's size, so the answer comes over TCP.
    "many.com.": "".join(f"@ MX {10 + i} exchange-number-{i:02}\nexchange-number-{i:02} A 5.10.{100 + i}.1\n"
                         for i in range(48)),
    # Lookups that fail.
    "hostfails.com.": "@ MX 10 mx.servfail.com.\n",
    "somefail.com.": "@ MX 10 mx.provider.net.\n@ MX 20 mx.servfail.com.\n",
    # Reverse names.
    "reverse.com.": """
@         MX 10 multi
@         MX 20 partial
@         MX 30 fail
@         MX 40 other
@         MX 50 generic
@         MX 60 classless
@         MX 70 nodata
@         MX 80 dangling
@         MX 90 failing
multi     A 5.10.20.1
partial   A 5.10.21.1
fail      A 5.10.22.1
other     A 5.10.23.1
confirmed A 5.10.23.1
generic   A 5.10.30.1
classless A 5.10.24.1
nodata    A 5.10.25.1
dangling  A 5.10.26.1
failing   A 5.66.0.1
""",
}

# Address, PTR names. What is not here is NXDOMAIN.
POINTERS = """
5.10.0.1      mx.provider.net.
2a10:0:1::1   mx.provider.net.
5.10.7.1      mx2.provider.net.
2a10:7:1::1   mx2.provider.net.
5.10.1.1      mx1.good.com.
2a10:1:1::1   mx1.good.com.
5.10.2.1      mx2.good.com.
2a10:2:1::1   mx2.good.com.
5.10.4.1      self.com.
2a10:5:1::1   mail.v6only.com.
5.10.6.1      mail.mixedcase.com.
5.10.8.1      implicit.com.
5.10.15.1     forgotten.com.
5.10.20.1     multi.reverse.com. mail.single.com.
5.10.21.1     partial.reverse.com. gone.reverse.com.
5.10.22.1     mx.provider.net.
5.10.23.1     confirmed.reverse.com.
5.10.30.1     dyn-5-10-30-1.pool.provider.net.
"""

# Reverse owners that are no plain PTR record, relative to 10.5.in-addr.arpa.
REVERSE_SPECIALS = """
1.24  CNAME 1.0-127.24
1.0-127.24 PTR classless.reverse.com.
1.25  TXT "no pointer here"
1.26  CNAME gone.0-127.24
"""


def _reverse_zones():
    zones = {"10.5.in-addr.arpa.": SOA + REVERSE_SPECIALS, "0.1.a.2.ip6.arpa.": SOA}
    for line in POINTERS.split("\n"):
        address, *names = line.split() or [""]
        if not address:
            continue
        owner = ipaddress.ip_address(address).reverse_pointer + "."
        zone = next(z for z in zones if owner.endswith("." + z))
        zones[zone] += "".join(f"{owner} PTR {name}\n" for name in names)
    return zones


def all_zones():
    """Returns {zone: master file text}."""
    zones = {name: SOA + text for name, text in MAIL_ZONES.items()}
    zones.update(_reverse_zones())
    delegations = {zone: [name for name in zones if name.count(".") == 2 and name.endswith("." + zone)]
                   for zone in ("com.", "net.")}
    for zone, names in delegations.items():
        zones[zone] = SOA + "".join(f"{name} NS ns.provider.net.\n" for name in sorted(names))
    zones["."] = SOA + "".join(f"{name} NS ns.provider.net.\n" for name in ("com.", "net.", "arpa."))
    zones["arpa."] = SOA + "".join(f"{name} NS ns.provider.net.\n" for name in zones if name.endswith(".arpa."))
    return {name: f"$ORIGIN {name}\n$TTL 3600\n{text}" for name, text in zones.items()}
