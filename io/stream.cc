// A turn of a stream: read until the socket is empty or the buffer full, then hand out every whole message in it as a
// span of the buffer. The buffer is neither moved nor refilled until the next turn begins; what does not fit stays in
// the socket, and the level-triggered epoll set reports it again. A full buffer always holds at least one whole
// message, so a stream cannot get stuck.
#include "io/stream.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <utility>

#include "io/check.h"
#include "io/socket.h"
#include "io/system_error.h"

namespace mxscan {
namespace {

constexpr int kEventsMax = 64;  // a Service handles so many streams at most; the others come next

}  // namespace

absl::Status StreamSet::Init() {
  epoll_ = UniqueFd(epoll_create1(EPOLL_CLOEXEC));
  return epoll_.valid() ? absl::OkStatus() : SystemError("epoll_create1", errno);
}

StreamId StreamSet::OpenStream(const Endpoint& peer, const IpAddress& source_address) {
  const StreamId id = ++last_id_;
  ++counters_->streams_opened;
  auto stream = std::make_unique<Stream>();
  stream->id = id;
  const int error = Connect(stream.get(), peer, source_address);
  streams_.emplace(id, std::move(stream));
  if (error != 0) failed_.push_back({id, error});
  return id;
}

int StreamSet::Connect(Stream* stream, const Endpoint& peer, const IpAddress& source_address) {
  SocketAddress address;
  const socklen_t length = ToSockaddr(peer, &address);
  if (length == 0) return EDESTADDRREQ;
  stream->fd = UniqueFd(socket(address.any.sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, IPPROTO_TCP));
  const int fd = stream->fd.get();
  if (fd < 0) return errno;
  const int on = 1;
  setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
  if (source_address.family() != 0) {
    if (source_address.family() != peer.address.family()) return EAFNOSUPPORT;
    // The port is then chosen with the peer known, so that many streams can share few ports.
    setsockopt(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &on, sizeof(on));
    SocketAddress source;
    const socklen_t source_length = ToSockaddr({source_address, 0}, &source);
    if (bind(fd, &source.any, source_length) != 0) return errno;
  }
  if (connect(fd, &address.any, length) != 0 && errno != EINPROGRESS) return errno;
  // Connected at once or later, the socket becomes writable, and FinishConnect sees it then.
  return Watch(stream, true, EPOLL_CTL_ADD);
}

int StreamSet::Watch(Stream* stream, bool write, int operation) {
  epoll_event event{};
  event.events = EPOLLIN | (write ? static_cast<uint32_t>(EPOLLOUT) : 0U);
  event.data.u64 = stream->id;
  if (epoll_ctl(epoll_.get(), operation, stream->fd.get(), &event) != 0) return errno;
  stream->watches_write = write;
  return 0;
}

bool StreamSet::SendMessage(StreamId id, std::span<const uint8_t> message) {
  MXSCAN_CHECK(message.size() <= kStreamMessageMax);
  const auto found = streams_.find(id);
  if (found == streams_.end()) return false;
  Stream* const stream = found->second.get();
  // One that failed has its end still to report, but is gone.
  if (std::any_of(failed_.begin(), failed_.end(), [id](const Failure& failure) { return failure.id == id; })) {
    return false;
  }
  if (stream->out.size() - stream->out_begin + 2 + message.size() > kStreamQueueMax) {
    failed_.push_back({id, ENOBUFS});
    return false;
  }
  // Length and message go out together (RFC 7766 8).
  stream->out.push_back(static_cast<uint8_t>(message.size() >> 8));
  stream->out.push_back(static_cast<uint8_t>(message.size()));
  stream->out.insert(stream->out.end(), message.begin(), message.end());
  if (stream->connecting) return true;
  const int error = Flush(stream);
  if (error != 0) failed_.push_back({id, error});
  return error == 0;
}

int StreamSet::Flush(Stream* stream) {
  while (stream->out_begin < stream->out.size()) {
    const ssize_t sent = send(stream->fd.get(), stream->out.data() + stream->out_begin,
                              stream->out.size() - stream->out_begin, MSG_NOSIGNAL | MSG_DONTWAIT);
    if (sent < 0 && errno == EINTR) continue;
    if (sent < 0 && errno == EAGAIN) break;
    if (sent < 0) return errno;
    stream->out_begin += static_cast<size_t>(sent);
  }
  // The sent part goes, so that what is kept never exceeds what is unsent.
  stream->out.erase(stream->out.begin(), stream->out.begin() + static_cast<ptrdiff_t>(stream->out_begin));
  stream->out_begin = 0;
  const bool wants_write = !stream->out.empty();
  return wants_write == stream->watches_write ? 0 : Watch(stream, wants_write, EPOLL_CTL_MOD);
}

void StreamSet::CloseStream(StreamId id) {
  Forget(id);
  std::erase_if(failed_, [id](const Failure& failure) { return failure.id == id; });
}

void StreamSet::Forget(StreamId id) {
  const auto found = streams_.find(id);
  if (found == streams_.end()) return;
  // Closing takes the socket out of the epoll set, because nothing else holds it.
  found->second->fd.Reset();
  graveyard_.push_back(std::move(found->second));
  streams_.erase(found);
}

void StreamSet::End(StreamId id, int error, std::vector<StreamEvent>* events) {
  events->push_back({id, StreamEventKind::kClosed, {}, error});
  Forget(id);
}

void StreamSet::BeginTurn() {
  graveyard_.clear();
  for (const StreamId id : served_) {
    const auto found = streams_.find(id);
    if (found == streams_.end()) continue;
    Stream* const stream = found->second.get();
    stream->served = false;
    stream->in.Compact();
  }
  served_.clear();
}

void StreamSet::Service(std::vector<StreamEvent>* events) {
  for (const Failure& failure : failed_) End(failure.id, failure.error, events);
  failed_.clear();
  if (streams_.empty()) return;
  epoll_event ready[kEventsMax];
  const int count = epoll_wait(epoll_.get(), ready, kEventsMax, 0);
  for (int i = 0; i < count; ++i) {
    const uint64_t id = ready[i].data.u64;  // a copy: epoll_event is packed, so no reference may be bound to it
    const auto found = streams_.find(id);
    if (found != streams_.end()) Serve(found->second.get(), ready[i].events, events);
  }
}

void StreamSet::Serve(Stream* stream, uint32_t ready, std::vector<StreamEvent>* events) {
  int error = 0;
  if (stream->connecting) {
    error = FinishConnect(stream, events);
    if (error != 0) return End(stream->id, error, events);
  } else if ((ready & EPOLLOUT) != 0) {
    error = Flush(stream);
  }
  // A write may fail because the peer has closed, and its last messages may be here still: read before the end.
  bool ended = false;
  if ((ready & (EPOLLIN | EPOLLHUP | EPOLLERR)) != 0 && !stream->served) {
    const int read_error = Fill(stream, &ended);
    Deliver(stream, events);
    if (error == 0) error = read_error;
  }
  if (error == 0 && ended && stream->in.size() > 0) error = EPROTO;  // closed within a message
  if (error != 0 || ended) End(stream->id, error, events);
}

int StreamSet::FinishConnect(Stream* stream, std::vector<StreamEvent>* events) {
  int error = 0;
  socklen_t length = sizeof(error);
  if (getsockopt(stream->fd.get(), SOL_SOCKET, SO_ERROR, &error, &length) != 0) return errno;
  if (error != 0) return error;
  stream->connecting = false;
  events->push_back({stream->id, StreamEventKind::kConnected, {}, 0});
  return Flush(stream);
}

int StreamSet::Fill(Stream* stream, bool* ended) {
  for (;;) {
    const std::span<uint8_t> room = stream->in.Room();
    if (room.empty()) return 0;
    const ssize_t got = recv(stream->fd.get(), room.data(), room.size(), MSG_DONTWAIT);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0 && errno == EAGAIN) return 0;
    if (got < 0) return errno;
    if (got == 0) {
      *ended = true;
      return 0;
    }
    stream->in.Commit(static_cast<size_t>(got));
  }
}

void StreamSet::Deliver(Stream* stream, std::vector<StreamEvent>* events) {
  std::span<const uint8_t> message;
  while (stream->in.Next(&message)) {
    events->push_back({stream->id, StreamEventKind::kMessage, message, 0});
    ++counters_->stream_messages_received;
  }
  if (stream->in.has_given() && !stream->served) {
    stream->served = true;
    served_.push_back(stream->id);
  }
}

}  // namespace mxscan
