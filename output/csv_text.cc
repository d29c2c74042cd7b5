// The texts of the dialect that are worth a thought: times, and tokens that could be taken for something else.
#include <algorithm>
#include <array>
#include <chrono>
#include <cstring>
#include <iterator>

#include "io/check.h"
#include "output/csv.h"

namespace mxscan {
namespace {

constexpr int64_t kMicrosecondsPerDay = int64_t{86'400} * 1'000'000;

constexpr bool IsDigit(char c) { return c >= '0' && c <= '9'; }
constexpr bool IsHexDigit(char c) { return IsDigit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F'); }
constexpr char LowerLetter(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; }
constexpr bool IsLetter(char c) { return LowerLetter(c) >= 'a' && LowerLetter(c) <= 'z'; }

// Which octets a token shows as they are.
constexpr auto kPlain = [] {
  std::array<bool, 256> plain{};
  for (size_t octet = 0x21; octet < 0x7F; ++octet) plain[octet] = octet != ',' && octet != '"' && octet != '\\';
  return plain;
}();
constexpr bool IsPlain(char c) { return kPlain[static_cast<uint8_t>(c)]; }

// Words that readers take for a missing value, a boolean or a float.
constexpr std::string_view kReservedWords[] = {"null", "na",   "n/a",   "nan", "inf",  "infinity", "none",
                                               "nil",  "true", "false", "t",   "f",    "yes",      "no",
                                               "y",    "n",    "on",    "off", "<na>", "#n/a",     "#na"};
constexpr size_t kReservedWordSizeMax = [] {
  size_t size = 0;
  for (const std::string_view word : kReservedWords) size = std::max(size, word.size());
  return size;
}();

bool IsReservedWord(std::string_view token) {
  return std::any_of(std::begin(kReservedWords), std::end(kReservedWords), [&](std::string_view word) {
    return std::equal(word.begin(), word.end(), token.begin(), token.end(),
                      [](char a, char b) { return a == LowerLetter(b); });
  });
}

// Digits with `_`, at most one point, and perhaps an exponent (R takes `d` for one, too); or hexadecimal with 0x.
bool LooksLikeNumber(std::string_view token) {
  if (token.size() > 2 && token[0] == '0' && LowerLetter(token[1]) == 'x') {
    return std::all_of(token.begin() + 2, token.end(), IsHexDigit);
  }
  size_t at = 0;
  size_t points = 0;
  bool digits = false;
  for (; at < token.size() && (IsDigit(token[at]) || token[at] == '_' || token[at] == '.'); ++at) {
    points += token[at] == '.';
    digits |= IsDigit(token[at]);
  }
  if (!digits || points > 1) return false;
  if (at == token.size()) return true;
  if (LowerLetter(token[at]) != 'e' && LowerLetter(token[at]) != 'd') return false;
  ++at;
  if (at < token.size() && (token[at] == '+' || token[at] == '-')) ++at;
  return at < token.size() && std::all_of(token.begin() + static_cast<ptrdiff_t>(at), token.end(), IsDigit);
}

// Digits with the separators of dates and times. Three points are a dotted quad, which is text to every reader.
bool LooksLikeTime(std::string_view token) {
  if (!IsDigit(token.front())) return false;
  if (LowerLetter(token.back()) == 'z') token.remove_suffix(1);
  const bool plausible = std::all_of(token.begin(), token.end(), [](char c) {
    return IsDigit(c) || c == '-' || c == '/' || c == ':' || c == '.' || c == '_' || c == '+' || LowerLetter(c) == 't';
  });
  return plausible && std::count(token.begin(), token.end(), '.') != 3;
}

void AppendEscape(uint8_t octet, std::string* out) {
  const char text[4] = {'\\', static_cast<char>('0' + octet / 100), static_cast<char>('0' + octet / 10 % 10),
                        static_cast<char>('0' + octet % 10)};
  out->append(text, sizeof(text));
}

void PutTwoDigits(unsigned value, char* out) {
  out[0] = static_cast<char>('0' + value / 10);
  out[1] = static_cast<char>('0' + value % 10);
}

bool ReadDigits(std::string_view text, size_t at, size_t count, unsigned* value) {
  *value = 0;
  for (const char c : text.substr(at, count)) {
    if (!IsDigit(c)) return false;
    *value = *value * 10 + static_cast<unsigned>(c - '0');
  }
  return true;
}

}  // namespace

void TimeFormatter::Renew(int64_t time_us) {
  MXSCAN_CHECK(time_us >= 0);
  const int64_t day = time_us / kMicrosecondsPerDay;
  if (day != day_) [[unlikely]] {
    const std::chrono::year_month_day date{std::chrono::sys_days{std::chrono::days{day}}};
    const int year = static_cast<int>(date.year());
    MXSCAN_CHECK(day < 3'000'000 && year <= 9999);
    PutTwoDigits(static_cast<unsigned>(year) / 100, text_);
    PutTwoDigits(static_cast<unsigned>(year) % 100, text_ + 2);
    text_[4] = '-';
    PutTwoDigits(static_cast<unsigned>(date.month()), text_ + 5);
    text_[7] = '-';
    PutTwoDigits(static_cast<unsigned>(date.day()), text_ + 8);
    text_[10] = 'T';
    day_ = day;
  }
  const auto of_day = static_cast<uint64_t>(time_us - day * kMicrosecondsPerDay);
  const auto seconds = static_cast<unsigned>(of_day / 1'000'000);
  auto fraction = static_cast<unsigned>(of_day % 1'000'000);
  PutTwoDigits(seconds / 3600, text_ + 11);
  text_[13] = ':';
  PutTwoDigits(seconds / 60 % 60, text_ + 14);
  text_[16] = ':';
  PutTwoDigits(seconds % 60, text_ + 17);
  text_[19] = '.';
  PutTwoDigits(fraction / 10'000, text_ + 20);
  PutTwoDigits(fraction / 100 % 100, text_ + 22);
  PutTwoDigits(fraction % 100, text_ + 24);
  text_[26] = 'Z';
  time_us_ = time_us;
}

std::string TimeToText(int64_t time_us) {
  std::string text(kTimeTextSize, ' ');
  TimeFormatter().Format(time_us, text.data());
  return text;
}

bool TimeFromText(std::string_view text, int64_t* time_us) {
  constexpr size_t kWhole = 19;  // "2026-01-02T03:04:05"
  if (text.size() <= kWhole || text.size() > kTimeTextSize || text.back() != 'Z') return false;
  unsigned year, month, day, hour, minute, second;
  if (!ReadDigits(text, 0, 4, &year) || text[4] != '-' || !ReadDigits(text, 5, 2, &month) || text[7] != '-' ||
      !ReadDigits(text, 8, 2, &day) || text[10] != 'T' || !ReadDigits(text, 11, 2, &hour) || text[13] != ':' ||
      !ReadDigits(text, 14, 2, &minute) || text[16] != ':' || !ReadDigits(text, 17, 2, &second)) {
    return false;
  }
  unsigned fraction = 0;
  if (text[kWhole] == '.') {
    const size_t digits = text.size() - kWhole - 2;
    if (digits < 1 || !ReadDigits(text, kWhole + 1, digits, &fraction)) return false;
    for (size_t i = digits; i < 6; ++i) fraction *= 10;
  } else if (text.size() != kWhole + 1) {
    return false;
  }
  const std::chrono::year_month_day date{std::chrono::year(static_cast<int>(year)), std::chrono::month(month),
                                         std::chrono::day(day)};
  if (!date.ok() || year < 1970 || hour > 23 || minute > 59 || second > 59) return false;
  const int64_t days = std::chrono::sys_days(date).time_since_epoch().count();
  *time_us = days * kMicrosecondsPerDay + int64_t{hour * 3600 + minute * 60 + second} * 1'000'000 + fraction;
  return true;
}

void EscapeToken(std::string_view octets, std::string* out) {
  if (octets.empty()) return;
  const char front = octets.front();
  // Nearly every token: too long for a reserved word, and only digits begin numbers and times.
  if (octets.size() > kReservedWordSizeMax && IsLetter(front) && std::all_of(octets.begin(), octets.end(), IsPlain)) {
    out->append(octets);
    return;
  }
  const bool escape_first =
      StartsFormula(front) || LooksLikeNumber(octets) || LooksLikeTime(octets) || IsReservedWord(octets);
  for (size_t i = 0; i < octets.size(); ++i) {
    const auto octet = static_cast<uint8_t>(octets[i]);
    if (IsPlain(octets[i]) && !(i == 0 && escape_first)) {
      out->push_back(octets[i]);
    } else {
      AppendEscape(octet, out);
    }
  }
}

bool UnescapeToken(std::string_view token, std::string* out) {
  for (size_t i = 0; i < token.size(); ++i) {
    if (token[i] != '\\') {
      out->push_back(token[i]);
      continue;
    }
    unsigned octet;
    if (token.size() - i < 4 || !ReadDigits(token, i + 1, 3, &octet) || octet > 255) return false;
    out->push_back(static_cast<char>(octet));
    i += 3;
  }
  return true;
}

}  // namespace mxscan
