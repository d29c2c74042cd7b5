#include "scanner/check/target.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "output/csv.h"
#include "output/types.h"
#include "scanner/input/normalize.h"

namespace mxscan {
namespace {

constexpr size_t kPrintableMax = 120;  // octets of a word that a message repeats

// The host of a URL (RFC 3986 3.2): without scheme, user, port and path.
std::string_view HostOfUrl(std::string_view url) {
  constexpr std::string_view kAuthority = "://";
  if (const size_t scheme = url.find(kAuthority); scheme != std::string_view::npos) {
    url.remove_prefix(scheme + kAuthority.size());
  }
  url = url.substr(0, url.find_first_of("/?#"));
  if (const size_t user = url.rfind('@'); user != std::string_view::npos) url.remove_prefix(user + 1);
  if (!url.empty() && url.front() == '[') return url.substr(0, url.find(']') + 1);
  return url.substr(0, url.find(':'));
}

// What stands behind the last @, without the bracket of "Name <user@domain>".
std::string_view DomainOfMailbox(std::string_view mailbox) {
  if (!mailbox.empty() && mailbox.back() == '>') mailbox.remove_suffix(1);
  return mailbox.substr(mailbox.rfind('@') + 1);
}

std::string_view WhyNot(RejectReason reason) {
  switch (reason) {
    case RejectReason::kEmptyLabel:
      return "there is nothing before, behind or between its dots";
    case RejectReason::kLabelTooLong:
      return "one of its labels has more than 63 octets (RFC 1035 2.3.4)";
    case RejectReason::kNameTooLong:
      return "it has more than 255 octets (RFC 1035 2.3.4)";
    case RejectReason::kIdna:
      return "it is no valid internationalised name (RFC 5891)";
    case RejectReason::kAddress:
      return "it is an IP address; mail is looked up by domain, so give the domain";
    case RejectReason::kUrl:
      return "it is a URL that holds no domain name";
    case RejectReason::kEmailAddress:
      return "it is an e-mail address that holds no domain name";
    case RejectReason::kBadUtf8:
      return "it is not valid UTF-8";
    case RejectReason::kControlCharacter:
      return "it holds a control character";
    case RejectReason::kNotAName:
    case RejectReason::kLineTooLong:
    case RejectReason::kBlocked:  // of a scan; a check has no blocklist
      break;
  }
  return "labels hold letters, digits, hyphens and underscores, with dots between them";
}

}  // namespace

std::string Printable(std::string_view word) {
  std::string text;
  for (const char c : word.substr(0, kPrintableMax)) {
    const auto octet = static_cast<uint8_t>(c);
    if (octet >= 0x20 && octet <= 0x7e) {
      text.push_back(c);
    } else {
      const char escape[] = {'\\', static_cast<char>('0' + octet / 100), static_cast<char>('0' + octet / 10 % 10),
                             static_cast<char>('0' + octet % 10)};
      text.append(escape, sizeof(escape));
    }
  }
  if (word.size() > kPrintableMax) text.append("...");
  return text;
}

absl::StatusOr<CheckTarget> ReadCheckTarget(std::string_view word) {
  CheckTarget target;
  EscapeToken(word, &target.input);
  const std::string_view token = TrimSpace(word);
  RejectReason reason{};
  if (NormalizeName(token, &target.name, &reason)) {
    const bool ascii = std::all_of(token.begin(), token.end(), [](char c) { return static_cast<uint8_t>(c) < 0x80; });
    if (!ascii) target.note = "an internationalised name, asked for by its A-labels";
    return target;
  }
  RejectReason part_reason{};
  if (reason == RejectReason::kUrl && NormalizeName(HostOfUrl(token), &target.name, &part_reason)) {
    target.note = "taken from a URL: mail is looked up for its host";
    return target;
  }
  if (reason == RejectReason::kEmailAddress && NormalizeName(DomainOfMailbox(token), &target.name, &part_reason)) {
    target.note = "taken from an e-mail address: what stands behind its @";
    return target;
  }
  return absl::InvalidArgumentError(
      absl::StrCat("'", Printable(word), "' is no domain name: ", std::string(WhyNot(reason))));
}

}  // namespace mxscan
