// DNS names in wire form: the one representation used from the packet to the row.
//
// Purpose: a NameView is a view of an uncompressed, absolute name in wire form (length octets, labels, terminating
// zero), at most 255 octets (RFC 1035 3.1); it compares by octets, so names are brought to lower case (ASCII only,
// RFC 4343) where they enter. A Name holds one inline. Text is the dataset's presentation form: absolute, lower case,
// trailing dot, every octet outside [a-z0-9_-], or that could be read as structure by a CSV reader, a spreadsheet or a
// terminal, as \DDD.
// Ownership: views own nothing. Thread safety: plain values. Errors: small enums.
#ifndef MXSCAN_SCANNER_DNS_NAME_H_
#define MXSCAN_SCANNER_DNS_NAME_H_

#include <compare>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "io/address.h"
#include "io/short_copy.h"

namespace mxscan {

inline constexpr size_t kNameSizeMax = 255;    // octets in wire form, RFC 1035 2.3.4
inline constexpr size_t kLabelSizeMax = 63;    // RFC 1035 2.3.4
inline constexpr size_t kLabelCountMax = 127;  // without the root label

// The octets of a valid wire name; "\0" (one octet) is the root. An empty view is no name.
using NameView = std::string_view;
inline constexpr NameView kRootName{"\0", 1};

class Name {
 public:
  Name() = default;
  explicit Name(NameView view) { Assign(view); }
  // Copies what is there, not the whole of the room.
  Name(const Name& other) { Assign(other); }
  Name& operator=(const Name& other) {
    if (this != &other) Assign(other);
    return *this;
  }
  void Assign(NameView view) {
    size_ = static_cast<uint8_t>(view.size());
    CopyShort(view.data(), view.size(), octets_);
  }
  void Clear() { size_ = 0; }
  bool empty() const { return size_ == 0; }
  NameView view() const { return NameView(octets_, size_); }
  operator NameView() const { return view(); }  // NOLINT(google-explicit-constructor): a Name is used as its view
  friend bool operator==(const Name& a, const Name& b) { return a.view() == b.view(); }
  friend bool operator==(const Name& a, NameView b) { return a.view() == b; }
  friend std::strong_ordering operator<=>(const Name& a, const Name& b) { return a.view() <=> b.view(); }
  friend std::strong_ordering operator<=>(const Name& a, NameView b) { return a.view() <=> b; }

 private:
  uint8_t size_ = 0;
  char octets_[kNameSizeMax];
};

enum class NameError : uint8_t { kNone, kEmpty, kEmptyLabel, kLabelTooLong, kNameTooLong, kBadEscape };

// Parses presentation form (with or without the trailing dot, RFC 1035 5.1 escapes \DDD and \X) into lower case wire
// form. "." is the root.
NameError ParseName(std::string_view text, Name* name);

// Appends the dataset's presentation form of `name`. ParseName gives back the same wire name.
void AppendName(NameView name, std::string* text);
std::string NameToText(NameView name);

// Lower case in place, ASCII letters only; length octets are not letters.
void LowerName(char* octets, size_t size);

size_t CountLabels(NameView name);                   // the root has 0
NameView ParentName(NameView name);                  // of the root: the root
std::string_view FirstLabel(NameView name);          // octets of the first label; empty for the root
std::string_view LastLabel(NameView name);           // the TLD's octets; empty for the root
bool IsSubdomain(NameView name, NameView ancestor);  // a name is under itself; both lower case
// `prefix` (a relative label sequence given as a wire name whose root is dropped) before `suffix`. False if too long.
bool ConcatNames(NameView prefix, NameView suffix, Name* name);
// One label before `suffix`. False if too long.
bool PrependLabel(std::string_view label, NameView suffix, Name* name);

// d.c.b.a.in-addr.arpa or nibbles under ip6.arpa (RFC 1035 3.5, RFC 3596 2.5).
Name ReverseName(const IpAddress& address);

}  // namespace mxscan

#endif  // MXSCAN_SCANNER_DNS_NAME_H_
