// What workers say to each other: requests to the owner of a name or an address, and replies.
//
// Purpose: every name and every address has one owner among the workers, who alone asks about it; the others send a
// request and get the shared, immutable observation back. A Ticket says where the reply belongs.
// Ownership: a Message owns its contents and is moved. Thread safety: values; observations are immutable.
#ifndef MXSCAN_SCANNER_SURVEY_MESSAGES_H_
#define MXSCAN_SCANNER_SURVEY_MESSAGES_H_

#include <cstdint>
#include <string>

#include "scanner/verdict/observation.h"

namespace mxscan {

enum class TicketKind : uint8_t {
  kExchange,      // domain `index`, exchange `sub`
  kSelf,          // domain `index`: its own addresses
  kStripped,      // domain `index`, exchange `sub`: the name without the zone that was appended to it
  kRegistrable,   // domain `index`, exchange `sub`: its registrable domain
  kBelow,         // domain `index`: MX of a random label under it
  kBeside,        // domain `index`: MX of a random label under its parent
  kMailProbe,     // domain `index`, `sub` 0 mail, 1 smtp, 2 mx
  kPtrName,       // address `index`, name `sub`, the address's own family
  kPtrNameOther,  // the same, the other family
  kHostAddress,   // host `index`, address `sub`
};

struct Ticket {
  uint16_t worker = 0;
  TicketKind kind = TicketKind::kExchange;
  uint32_t index = 0;
  uint32_t sub = 0;
};

// Sets of address families.
inline constexpr uint8_t kFamily4 = 1;
inline constexpr uint8_t kFamily6 = 2;
inline constexpr uint8_t kFamilies = kFamily4 | kFamily6;
// Beside the families of a name: MX of a random label under it.
inline constexpr uint8_t kWildcard = 4;

// Whether a name whose addresses are asked for is an exchange host, with a row of its own.
enum class HostRole : uint8_t {
  kNone,
  kExchange,  // yes
  kImplicit,  // only if it has an address
};

enum class MessageKind : uint8_t { kNeedName, kNameReady, kNeedAddress, kAddressReady };

struct Message {
  MessageKind kind = MessageKind::kNeedName;
  uint8_t families = 0;             // kNeedName; kWildcard among them
  HostRole role = HostRole::kNone;  // kNeedName
  uint16_t asked = 0;               // kNameReady: lookups that were sent because of the request
  Ticket ticket;
  IpAddress address;    // kNeedAddress
  std::string name;     // kNeedName
  HostRef host;         // kNameReady
  AddressRef observed;  // kAddressReady
};

}  // namespace mxscan

#endif  // MXSCAN_SCANNER_SURVEY_MESSAGES_H_
