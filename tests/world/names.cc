#include "tests/world/names.h"

#include <cctype>

#include "io/check.h"

namespace mxscan::world {

void WireName::AddLabel(std::string_view label) {
  MXSCAN_CHECK(!label.empty() && label.size() <= 63 && size + 1U + label.size() <= 254U);
  octets[size] = static_cast<uint8_t>(label.size());
  std::memcpy(octets + size + 1, label.data(), label.size());
  size = static_cast<uint8_t>(size + 1U + label.size());
}

void WireName::AddLabels(std::string_view dotted) {
  while (!dotted.empty()) {
    const size_t dot = dotted.find('.');
    AddLabel(dotted.substr(0, dot));
    if (dot == std::string_view::npos) return;
    dotted.remove_prefix(dot + 1);
  }
}

void WireName::AddSuffix(std::string_view wire) {
  MXSCAN_CHECK(size + wire.size() <= 255U);
  std::memcpy(octets + size, wire.data(), wire.size());
  size = static_cast<uint8_t>(size + wire.size());
}

Labels SplitLabels(std::string_view wire) {
  Labels labels;
  size_t at = 0;
  while (at < wire.size() && wire[at] != 0) {
    labels.offset[labels.count++] = static_cast<uint8_t>(at);
    at += 1U + static_cast<uint8_t>(wire[at]);
  }
  return labels;
}

void LowerAscii(uint8_t* octets, size_t size) {
  for (size_t i = 0; i < size; ++i) {
    if (octets[i] >= 'A' && octets[i] <= 'Z') octets[i] = static_cast<uint8_t>(octets[i] + 32);
  }
}

namespace {

void AppendEscaped(uint8_t octet, std::string* text) {
  text->push_back('\\');
  text->push_back(static_cast<char>('0' + octet / 100));
  text->push_back(static_cast<char>('0' + octet / 10 % 10));
  text->push_back(static_cast<char>('0' + octet % 10));
}

bool IsPlain(uint8_t octet) {
  return (octet >= 'a' && octet <= 'z') || (octet >= '0' && octet <= '9') || octet == '-' || octet == '_';
}

// One character of presentation form at text[*at]. False: a bad escape.
bool TakeOctet(std::string_view text, size_t* at, uint8_t* octet) {
  if (text[*at] != '\\') {
    *octet = static_cast<uint8_t>(text[(*at)++]);
    return true;
  }
  if (*at + 1 >= text.size()) return false;
  if (std::isdigit(static_cast<unsigned char>(text[*at + 1])) == 0) {
    *octet = static_cast<uint8_t>(text[*at + 1]);
    *at += 2;
    return true;
  }
  if (*at + 3 >= text.size()) return false;
  int value = 0;
  for (size_t i = 1; i <= 3; ++i) {
    const char digit = text[*at + i];
    if (digit < '0' || digit > '9') return false;
    value = value * 10 + (digit - '0');
  }
  if (value > 255) return false;
  *octet = static_cast<uint8_t>(value);
  *at += 4;
  return true;
}

}  // namespace

std::string ToText(std::string_view wire) {
  if (wire.size() <= 1) return ".";
  std::string text;
  const Labels labels = SplitLabels(wire);
  for (int i = 0; i < labels.count; ++i) {
    for (const char c : LabelAt(wire, labels.offset[i])) {
      const auto octet = static_cast<uint8_t>(c);
      if (IsPlain(octet) && !(octet == '-' && text.empty())) {
        text.push_back(c);
      } else {
        AppendEscaped(octet, &text);
      }
    }
    text.push_back('.');
  }
  return text;
}

bool FromText(std::string_view text, WireName* name) {
  name->Clear();
  if (text == ".") {
    name->Finish();
    return true;
  }
  size_t at = 0;
  while (at < text.size()) {
    uint8_t label[64];
    size_t size = 0;
    while (at < text.size() && text[at] != '.') {
      uint8_t octet = 0;
      if (size == 63 || !TakeOctet(text, &at, &octet)) return false;
      label[size++] = octet;
    }
    if (size == 0 || name->size + size + 2 > 255) return false;
    LowerAscii(label, size);
    name->AddLabel({reinterpret_cast<const char*>(label), size});
    if (at < text.size()) ++at;
  }
  if (name->size == 0) return false;
  name->Finish();
  return true;
}

std::string EscapeField(std::string_view text) {
  std::string out;
  for (const char c : text) {
    const auto octet = static_cast<uint8_t>(c);
    const bool formula = out.empty() && (c == '=' || c == '+' || c == '-' || c == '@');
    if (octet <= 0x20 || octet >= 0x7f || c == ',' || c == '"' || c == '\\' || formula) {
      AppendEscaped(octet, &out);
    } else {
      out.push_back(c);
    }
  }
  return out;
}

uint64_t HashBytes(std::string_view bytes, uint64_t seed) {
  uint64_t hash = Mix(seed ^ (bytes.size() << 48));
  while (bytes.size() >= 8) {
    uint64_t word = 0;
    std::memcpy(&word, bytes.data(), 8);
    hash = Mix(hash ^ word);
    bytes.remove_prefix(8);
  }
  uint64_t tail = 0;
  std::memcpy(&tail, bytes.data(), bytes.size());
  return Mix(hash ^ tail);
}

Permutation::Permutation(uint64_t key, uint64_t size) : key_(key), size_(size), half_bits_(1) {
  MXSCAN_CHECK(size > 0);
  while ((1ULL << (2 * half_bits_)) < size) ++half_bits_;
  mask_ = (1ULL << half_bits_) - 1;
}

uint64_t Permutation::Apply(uint64_t x) const {
  MXSCAN_CHECK(x < size_);
  do {
    uint64_t left = x >> half_bits_;
    uint64_t right = x & mask_;
    for (int round = 0; round < 4; ++round) {
      const uint64_t next = left ^ Round(round, right);
      left = right;
      right = next;
    }
    x = (left << half_bits_) | right;
  } while (x >= size_);
  return x;
}

uint64_t Permutation::Invert(uint64_t y) const {
  MXSCAN_CHECK(y < size_);
  do {
    uint64_t left = y >> half_bits_;
    uint64_t right = y & mask_;
    for (int round = 3; round >= 0; --round) {
      const uint64_t previous = right ^ Round(round, left);
      right = left;
      left = previous;
    }
    y = (left << half_bits_) | right;
  } while (y >= size_);
  return y;
}

AffineMap::AffineMap(uint64_t modulus, uint64_t factor, uint64_t shift)
    : modulus_(modulus), factor_(factor % modulus), shift_(shift % modulus), inverse_(0) {
  // Extended Euclid.
  auto old_r = static_cast<int64_t>(factor_);
  auto r = static_cast<int64_t>(modulus_);
  int64_t old_s = 1;
  int64_t s = 0;
  while (r != 0) {
    const int64_t quotient = old_r / r;
    const int64_t next_r = old_r - quotient * r;
    const int64_t next_s = old_s - quotient * s;
    old_r = r;
    r = next_r;
    old_s = s;
    s = next_s;
  }
  MXSCAN_CHECK(old_r == 1);
  inverse_ = static_cast<uint64_t>(old_s < 0 ? old_s + static_cast<int64_t>(modulus_) : old_s);
}

}  // namespace mxscan::world
