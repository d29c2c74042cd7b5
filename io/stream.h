// TCP streams of length-framed messages (RFC 1035 4.2.2, RFC 7766), for both transports.
//
// Purpose: opens, connects, writes, reads and frames without ever blocking. All streams sit in one epoll set, and that
// set is itself a descriptor: a transport waits for it to become readable, by epoll or by io_uring, and calls Service.
// TCP is the cold path (truncated answers), so simple goes before fast here.
// Ownership: owns the sockets and the buffers. Payloads put into an Inbox live until the next BeginTurn, also those of
// a stream closed meanwhile. Memory: at most kStreamBufferMax octets of unread messages and kStreamQueueMax octets of
// unsent ones for each stream.
// Thread safety: one thread. Errors: of a stream, kClosed events; of set-up, a Status.
#ifndef MXSCAN_IO_STREAM_H_
#define MXSCAN_IO_STREAM_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/status/status.h"
#include "io/frame_buffer.h"
#include "io/transport.h"
#include "io/unique_fd.h"

namespace mxscan {

inline constexpr size_t kStreamQueueMax = 4 * kStreamBufferMax;

class StreamSet {
 public:
  // `counters` must outlive the set.
  explicit StreamSet(TransportCounters* counters) : counters_(counters) {}
  StreamSet(const StreamSet&) = delete;
  StreamSet& operator=(const StreamSet&) = delete;

  // Before all else.
  absl::Status Init();
  // Readable while Service has something to do for the sake of the network.
  int fd() const { return epoll_.get(); }
  // True while there are streams, so that fd() is worth watching.
  bool active() const { return !streams_.empty(); }
  // True if Service has events that do not come from the network, so that no wait may come before it.
  bool has_pending() const { return !failed_.empty(); }

  // As the functions of Transport. A message that would pass kStreamQueueMax ends the stream with ENOBUFS.
  StreamId OpenStream(const Endpoint& peer, const IpAddress& source_address);
  bool SendMessage(StreamId id, std::span<const uint8_t> message);
  void CloseStream(StreamId id);

  // Frees what the last turn's events pointed to.
  void BeginTurn();
  // Adds the events that are there, without waiting. May be called several times a turn.
  void Service(std::vector<StreamEvent>* events);

 private:
  struct Stream {
    StreamId id = 0;
    UniqueFd fd;
    bool connecting = true;
    bool watches_write = false;
    bool served = false;  // in this turn: its buffer is pointed to and must not move
    std::vector<uint8_t> out;
    size_t out_begin = 0;  // first unsent octet
    FrameBuffer in;
  };
  struct Failure {
    StreamId id;
    int error;
  };

  int Connect(Stream* stream, const Endpoint& peer, const IpAddress& source_address);
  // 0, or the errno value that ends the stream.
  int FinishConnect(Stream* stream, std::vector<StreamEvent>* events);
  int Flush(Stream* stream);
  int Watch(Stream* stream, bool write, int operation);
  // Reads what there is into the buffer. `*ended` if the peer has closed.
  static int Fill(Stream* stream, bool* ended);
  void Deliver(Stream* stream, std::vector<StreamEvent>* events);
  void Serve(Stream* stream, uint32_t ready, std::vector<StreamEvent>* events);
  // Reports the end and forgets the stream; its buffer stays until BeginTurn.
  void End(StreamId id, int error, std::vector<StreamEvent>* events);
  void Forget(StreamId id);

  TransportCounters* const counters_;
  UniqueFd epoll_;
  StreamId last_id_ = 0;
  absl::flat_hash_map<StreamId, std::unique_ptr<Stream>> streams_;
  std::vector<Failure> failed_;                     // streams that failed outside of Service
  std::vector<StreamId> served_;                    // streams with `served` set
  std::vector<std::unique_ptr<Stream>> graveyard_;  // ended in this turn
};

}  // namespace mxscan

#endif  // MXSCAN_IO_STREAM_H_
