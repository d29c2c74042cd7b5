// One open question of the engine. Private to scanner/resolve/engine*.cc.
#ifndef MXSCAN_SCANNER_RESOLVE_ENGINE_SLOT_H_
#define MXSCAN_SCANNER_RESOLVE_ENGINE_SLOT_H_

#include "scanner/resolve/engine.h"

namespace mxscan {

inline constexpr size_t kSlotChunk = 1024;  // slots allocated at once
inline constexpr size_t kSlotsAhead = 4;    // of a free slot that is fetched before it is taken

struct Engine::Slot {
  // The question.
  uint64_t tag = 0;
  RrType type = RrType::kA;
  bool control = false;  // asked by the engine itself, to see whether a server lives, and tells the truth:
  ControlName control_name = ControlName::kRoot;
  Checking checking = Checking::kEnabled;
  // How it stands.
  State state = State::kFree;
  bool plain = false;           // the next attempts go without EDNS
  bool truncated_seen = false;  // TC over UDP
  bool saw_servfail = false;    // SERVFAIL or another failed rcode
  bool saw_refused = false;
  bool withheld = false;      // the blocklist forbids another attempt
  uint8_t tries = 0;          // attempts that count against the limit
  uint8_t sends = 0;          // attempts sent, never reset
  uint8_t denials = 0;        // NXDOMAIN of servers that deny everything
  uint32_t allowed_by = 0;    // generation of the blocklist that was asked last
  int16_t fixed_server = -1;  // the next attempt must go there while it lives
  int16_t answered_by = -1;
  int16_t lost_on = -1;  // the server of the last attempt that timed out or was refused
  int16_t extended_error = -1;
  int32_t rcode = -1;
  TimeNs rtt_ns = -1;
  // The attempt in flight, or the last one.
  bool edns = false;
  bool mixed = false;
  int16_t server = -1;
  uint16_t id = 0;
  SocketId socket = 0;
  StreamId stream = 0;
  uint64_t case_bits = 0;
  TimeNs sent_at = 0;
  Name name;  // last: its octets are the cold end
};

}  // namespace mxscan

#endif  // MXSCAN_SCANNER_RESOLVE_ENGINE_SLOT_H_
