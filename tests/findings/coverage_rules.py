"""What the cases need not show, each with its reason, and what of the program they use."""

# Groups of lookups that the cases need.
SCAN_OPTIONS = ("--lookups", "mx,a,aaaa,ptr,confirm,probe,bogus,wildcard")

# Cases that do not keep their meaning in a batch, and why.
_NEED_EDNS = {"b_told_by_error_code", "b_host_told_by_error_code"}  # an EDNS option says what they say
LEFT_OUT = {
    "edns_ignored": _NEED_EDNS,
    "edns_refused": _NEED_EDNS,
}

_FROM_THE_NAME = "judged from the exchange's name alone"
_FROM_THE_ADDRESS = "judged from the address alone"
_SAYS_UNKNOWN = "is itself the word for a failed lookup"

# Findings that no failed lookup can make unknown.
NO_UNKNOWN = {
    "domain_lookup_servfail": _SAYS_UNKNOWN,
    "domain_lookup_refused": _SAYS_UNKNOWN,
    "domain_lookup_timeout": _SAYS_UNKNOWN,
    "mx_truncated": _SAYS_UNKNOWN,
    "mxhost_lookup_servfail": _SAYS_UNKNOWN,
    "mxhost_lookup_refused": _SAYS_UNKNOWN,
    "mxhost_lookup_timeout": _SAYS_UNKNOWN,
    "mxhost_family_lookup_failed": _SAYS_UNKNOWN,
    "ptr_lookup_servfail": _SAYS_UNKNOWN,
    "ptr_lookup_refused": _SAYS_UNKNOWN,
    "ptr_lookup_timeout": _SAYS_UNKNOWN,
    "fcrdns_unknown": _SAYS_UNKNOWN,
    "cname_coexists": "present only if both answers were actually seen",
    "mx_exchange_ipv4_literal": _FROM_THE_NAME,
    "mx_exchange_ipv4_literal_relative": _FROM_THE_NAME,
    "mx_exchange_ipv6_literal": _FROM_THE_NAME,
    "mx_exchange_bracketed": _FROM_THE_NAME,
    "mx_exchange_numeric_tld": _FROM_THE_NAME,
    "mx_exchange_single_label": _FROM_THE_NAME,
    "mx_exchange_localhost": _FROM_THE_NAME,
    "mx_exchange_special_tld": _FROM_THE_NAME,
    "mx_exchange_arpa": _FROM_THE_NAME,
    "mx_exchange_underscore": _FROM_THE_NAME,
    "mx_exchange_bad_hyphen": _FROM_THE_NAME,
    "mx_exchange_illegal_char": _FROM_THE_NAME,
    "mx_exchange_nonascii": _FROM_THE_NAME,
    "mx_exchange_double_hyphen": _FROM_THE_NAME,
    "mx_exchange_bad_alabel": _FROM_THE_NAME,
    "mx_verification_token": _FROM_THE_NAME,
}
for _range in ("unspecified loopback private cgnat link_local documentation benchmark multicast reserved "
               "protocol_assignment 6to4_relay 6to4 teredo v4mapped v4compat nat64 discard ula site_local orchid srv6 "
               "not_allocated").split():
    NO_UNKNOWN["addr_" + _range] = _FROM_THE_ADDRESS

# Findings that are no verdict on the domain but say that a lookup failed; loss makes them come and go.
NOTES_OF_FAILURE = {"mxhost_family_lookup_failed"}
