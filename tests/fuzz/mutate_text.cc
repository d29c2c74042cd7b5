// The mutator's part for files: lists, JSON, blocklists, streams, and damage to a dataset.
#include <algorithm>
#include <iterator>
#include <string>
#include <string_view>

#include "tests/fuzz/mutate.h"

namespace mxscan::fuzz {
namespace {

constexpr size_t kTextMax = 32768;

// What readers look for, and what they should stumble over.
constexpr std::string_view kWords[] = {",",
                                       "\"",
                                       "\n",
                                       "\r\n",
                                       "{",
                                       "}",
                                       "[",
                                       "]",
                                       ":",
                                       "null",
                                       "true",
                                       "{}",
                                       "[]",
                                       "\\u0000",
                                       "\\",
                                       "\\u00e4",
                                       "\\ud800",
                                       "#",
                                       ";",
                                       "/",
                                       "//",
                                       "://",
                                       ".",
                                       "..",
                                       "*.",
                                       "@",
                                       "[::1]",
                                       "%",
                                       "=",
                                       "-",
                                       "xn--",
                                       "xn--a",
                                       "_",
                                       "\t",
                                       " ",
                                       "0",
                                       "-1",
                                       "1e999",
                                       "0.5",
                                       "::",
                                       "A",
                                       "AAAA",
                                       "NS",
                                       "IN",
                                       "3600",
                                       "a.test",
                                       "192.0.2.1",
                                       "/24",
                                       "/0",
                                       "2001:db8::",
                                       "/128",
                                       "::1",
                                       "/129",
                                       "rank",
                                       "domain",
                                       "origin",
                                       "::ffff:1.2.3.4",
                                       "a",
                                       "\xc3\xa4",
                                       "\xef\xbb\xbf",
                                       "\xff",
                                       "\x80",
                                       "\x7f",
                                       "\xe2\x80\x8b",
                                       "\xef\xbc\x8f",
                                       "\xc3\x9f",
                                       "\xf0\x9f\x98\x80",
                                       "\xff\xfe",
                                       "\xc0\x80",
                                       "\xed\xa0\x80"};
constexpr std::string_view kNumbers[] = {"0",
                                         "1",
                                         "-1",
                                         "00",
                                         "2147483647",
                                         "2147483648",
                                         "4294967296",
                                         "9223372036854775807",
                                         "1e3",
                                         "9223372036854775808",
                                         "18446744073709551615",
                                         "18446744073709551616",
                                         "99999",
                                         "100000",
                                         "1.0"};

bool IsDigit(uint8_t octet) { return octet >= '0' && octet <= '9'; }

}  // namespace

Octets Mutator::NextText() {
  Octets octets = Pick();
  for (size_t changes = 1 + random_.Below(random_.Below(4) == 0 ? 8 : 2); changes > 0; --changes) MutateText(&octets);
  if (octets.size() > kTextMax) octets.resize(kTextMax);
  return octets;
}

Octets Mutator::NextDamage() {
  if (random_.Below(3) == 0) return NextText();
  Octets script = {static_cast<uint8_t>(1 + random_.Below(16))};
  for (size_t changes = 1 + random_.Below(random_.Below(2) == 0 ? 1 : 4); changes > 0; --changes) {
    for (int i = 0; i < 4; ++i) script.push_back(static_cast<uint8_t>(random_.Next()));
    const uint64_t change = random_.Next();
    script.push_back(static_cast<uint8_t>(change % 3 == 0       ? change / 3 % 4
                                          : change / 3 % 2 == 0 ? 1 << change / 6 % 8
                                                                : change / 6));
  }
  return script;
}

void Mutator::MutateText(Octets* octets) {
  if (octets->empty()) return InsertWord(octets);
  switch (random_.Below(10)) {
    case 0:
      return FlipBit(octets);
    case 1:
      return SetOctet(octets);
    case 2:
      return Resize(octets);
    case 3:
    case 4:
      return EditNumber(octets);
    case 5:
    case 6:
    case 7:
      return InsertWord(octets);
    default:
      return MoveSpan(octets);
  }
}

// Another number in place of one that stands there.
void Mutator::EditNumber(Octets* octets) {
  const size_t from = random_.Below(octets->size());
  const auto digit = std::find_if(octets->begin() + static_cast<ptrdiff_t>(from), octets->end(), IsDigit);
  if (digit == octets->end()) return InsertWord(octets);
  const auto end = std::find_if_not(digit, octets->end(), IsDigit);
  const std::string_view number = kNumbers[random_.Below(std::size(kNumbers))];
  const auto at = octets->erase(digit, end);
  octets->insert(at, number.begin(), number.end());
}

void Mutator::InsertWord(Octets* octets) {
  const std::string_view word = kWords[random_.Below(std::size(kWords))];
  const auto at = octets->begin() + static_cast<ptrdiff_t>(random_.Below(octets->size() + 1));
  if (random_.Below(3) == 0) {  // over what stands there
    const auto left = static_cast<size_t>(octets->end() - at);
    std::copy_n(word.begin(), std::min(word.size(), left), at);
  } else {
    octets->insert(at, word.begin(), word.end());
  }
}

// A piece of this file or of another one, put somewhere; or taken away.
void Mutator::MoveSpan(Octets* octets) {
  const Octets other = random_.Below(2) == 0 ? Pick() : *octets;
  const size_t choice = random_.Below(4);
  const size_t begin = random_.Below(choice == 0 ? octets->size() : other.size());
  const size_t size = 1 + random_.Below(random_.Below(2) == 0 ? 8 : 200);
  if (choice == 0) {
    const size_t end = std::min(begin + size, octets->size());
    octets->erase(octets->begin() + static_cast<ptrdiff_t>(begin), octets->begin() + static_cast<ptrdiff_t>(end));
    return;
  }
  const auto first = other.begin() + static_cast<ptrdiff_t>(begin);
  const auto last = other.begin() + static_cast<ptrdiff_t>(std::min(begin + size, other.size()));
  octets->insert(octets->begin() + static_cast<ptrdiff_t>(random_.Below(octets->size() + 1)), first, last);
}

}  // namespace mxscan::fuzz
