// TCP streams over both transports, on loopback.
#include <netinet/tcp.h>

#include "tests/unit/io_transport_testing.h"

namespace mxscan {
namespace {

class StreamTest : public TransportTest {
 protected:
  // The events but for kConnected.
  std::vector<Arrived::Event> Events() const {
    std::vector<Arrived::Event> events;
    for (const Arrived::Event& event : arrived_.events) {
      if (event.kind != StreamEventKind::kConnected) events.push_back(event);
    }
    return events;
  }
  void PollForEvents(size_t count) {
    PollUntil(transport_.get(), &arrived_, [&] { return Events().size() >= count; });
  }

  Arrived arrived_;
};

INSTANTIATE_TEST_SUITE_P(Kinds, StreamTest, ::testing::ValuesIn(kTransportKinds), NameOfKind);

std::string Framed(const std::string& message) {
  return std::string{static_cast<char>(message.size() >> 8), static_cast<char>(message.size())} + message;
}

void WriteAll(int fd, std::string_view data) {
  while (!data.empty()) {
    const ssize_t sent = send(fd, data.data(), data.size(), MSG_NOSIGNAL);
    if (sent <= 0) return;
    data.remove_prefix(static_cast<size_t>(sent));
  }
}

// One message, without its length; empty at the end.
std::string ReadMessage(int fd) {
  uint8_t length[2];
  if (recv(fd, length, 2, MSG_WAITALL) != 2) return "";
  std::string message(static_cast<size_t>(length[0]) << 8 | length[1], '\0');
  if (recv(fd, message.data(), message.size(), MSG_WAITALL) != static_cast<ssize_t>(message.size())) return "";
  return message;
}

void EchoMessages(int fd) {
  for (std::string message = ReadMessage(fd); !message.empty(); message = ReadMessage(fd)) {
    WriteAll(fd, Framed(message));
  }
}

void ReadToEnd(int fd) {
  char buffer[4096];
  while (recv(fd, buffer, sizeof(buffer), 0) > 0) {
  }
}

TEST_P(StreamTest, MessagesGoBothWays) {
  StreamServer server(EchoMessages);
  Open();
  const StreamId stream = transport_->OpenStream(server.endpoint(), IpAddress());
  EXPECT_EQ(stream, 1U);
  EXPECT_TRUE(transport_->SendMessage(stream, Octets("before the connection")));
  PollForEvents(1);
  EXPECT_TRUE(transport_->SendMessage(stream, Octets("after it")));
  PollForEvents(2);
  ASSERT_EQ(arrived_.events.size(), 3U);
  EXPECT_EQ(arrived_.events[0].kind, StreamEventKind::kConnected);
  EXPECT_EQ(Events()[0].payload, "before the connection");
  EXPECT_EQ(Events()[1].payload, "after it");
  EXPECT_EQ(Events()[1].stream, stream);
  EXPECT_EQ(transport_->counters().streams_opened, 1U);
  EXPECT_EQ(transport_->counters().stream_messages_received, 2U);
  transport_->CloseStream(stream);
  EXPECT_FALSE(transport_->SendMessage(stream, Octets("too late")));
}

// An octet at a time: every split of two messages, that of the length prefix included.
TEST_P(StreamTest, MessagesSplitAcrossSegments) {
  StreamServer server([](int fd) {
    const int on = 1;
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
    for (const char octet : Framed("first message") + Framed("second")) WriteAll(fd, {&octet, 1});
    ReadToEnd(fd);
  });
  Open();
  const StreamId stream = transport_->OpenStream(server.endpoint(), IpAddress());
  PollForEvents(2);
  EXPECT_EQ(Events()[0].payload, "first message");
  EXPECT_EQ(Events()[1].payload, "second");
  transport_->CloseStream(stream);
}

TEST_P(StreamTest, ManyMessagesInOneSegmentThenClosed) {
  StreamServer server([](int fd) {
    std::string all;
    for (int i = 0; i < 300; ++i) all += Framed("message " + std::to_string(i));
    WriteAll(fd, all + Framed(""));
  });
  Open();
  const StreamId stream = transport_->OpenStream(server.endpoint(), IpAddress());
  PollForEvents(302);
  const auto events = Events();
  ASSERT_EQ(events.size(), 302U);
  for (int i = 0; i < 300; ++i) EXPECT_EQ(events[static_cast<size_t>(i)].payload, "message " + std::to_string(i));
  EXPECT_EQ(events[300].kind, StreamEventKind::kMessage);
  EXPECT_EQ(events[300].payload, "");
  EXPECT_EQ(events[301].kind, StreamEventKind::kClosed);
  EXPECT_EQ(events[301].error, 0);
  EXPECT_EQ(events[301].stream, stream);
  EXPECT_FALSE(transport_->SendMessage(stream, Octets("gone")));
}

TEST_P(StreamTest, LongestMessagesBothWays) {
  StreamServer server(EchoMessages);
  Open();
  const StreamId stream = transport_->OpenStream(server.endpoint(), IpAddress());
  std::vector<std::string> messages;
  for (size_t i = 0; i < 40; ++i) messages.push_back(std::string(65535 - i * 7, static_cast<char>('a' + i % 26)));
  for (size_t i = 0; i < messages.size(); ++i) {
    EXPECT_TRUE(transport_->SendMessage(stream, Octets(messages[i])));
    if (i >= 2) PollForEvents(i - 1);
  }
  PollForEvents(messages.size());
  const auto events = Events();
  ASSERT_EQ(events.size(), messages.size());
  for (size_t i = 0; i < messages.size(); ++i) EXPECT_EQ(events[i].payload, messages[i]) << i;
  transport_->CloseStream(stream);
}

TEST_P(StreamTest, ClosedWithinAMessageIsAnError) {
  StreamServer server([](int fd) { WriteAll(fd, Framed("whole") + Framed("cut short").substr(0, 5)); });
  Open();
  transport_->OpenStream(server.endpoint(), IpAddress());
  PollForEvents(2);
  EXPECT_EQ(Events()[0].payload, "whole");
  EXPECT_EQ(Events()[1].kind, StreamEventKind::kClosed);
  EXPECT_EQ(Events()[1].error, EPROTO);
}

TEST_P(StreamTest, ResetIsAnError) {
  StreamServer server([](int fd) {
    ReadMessage(fd);
    const linger abort{1, 0};
    setsockopt(fd, SOL_SOCKET, SO_LINGER, &abort, sizeof(abort));
  });
  Open();
  const StreamId stream = transport_->OpenStream(server.endpoint(), IpAddress());
  EXPECT_TRUE(transport_->SendMessage(stream, Octets("go away")));
  PollForEvents(1);
  EXPECT_EQ(Events()[0].kind, StreamEventKind::kClosed);
  EXPECT_EQ(Events()[0].error, ECONNRESET);
}

TEST_P(StreamTest, RefusedConnection) {
  const UniqueFd bound = BindLoopback(4, SOCK_STREAM);  // bound, so nobody else can listen there
  Open();
  const StreamId stream = transport_->OpenStream(LocalEndpoint(bound.get()), IpAddress());
  PollForEvents(1);
  ASSERT_EQ(arrived_.events.size(), 1U);  // and no kConnected
  EXPECT_EQ(Events()[0].kind, StreamEventKind::kClosed);
  EXPECT_EQ(Events()[0].stream, stream);
  EXPECT_EQ(Events()[0].error, ECONNREFUSED);
  EXPECT_FALSE(transport_->SendMessage(stream, Octets("gone")));
}

TEST_P(StreamTest, FailuresBeforeAnyPacketAreEventsToo) {
  StreamServer server(EchoMessages);
  Open();
  const IpAddress not_ours = *IpAddress::Parse("203.0.113.9");
  const IpAddress other_family = *IpAddress::Parse("::1");
  const StreamId first = transport_->OpenStream(server.endpoint(), not_ours);
  const StreamId second = transport_->OpenStream(server.endpoint(), other_family);
  const StreamId third = transport_->OpenStream(Endpoint{}, IpAddress());
  EXPECT_FALSE(transport_->SendMessage(first, Octets("x")));
  PollForEvents(3);
  const auto events = Events();
  ASSERT_EQ(events.size(), 3U);
  EXPECT_EQ(events[0].stream, first);
  EXPECT_EQ(events[0].error, EADDRNOTAVAIL);
  EXPECT_EQ(events[1].stream, second);
  EXPECT_EQ(events[1].error, EAFNOSUPPORT);
  EXPECT_EQ(events[2].stream, third);
  EXPECT_EQ(events[2].error, EDESTADDRREQ);
  // One that works, so that the server ends.
  EXPECT_EQ(transport_->OpenStream(server.endpoint(), IpAddress::V4FromInt(0x7f000001)), 4U);
  EXPECT_TRUE(transport_->SendMessage(4, Octets("hello")));
  PollForEvents(4);
  transport_->CloseStream(4);
}

TEST_P(StreamTest, CloseStreamEndsWithoutAnEvent) {
  StreamServer first([](int fd) {
    WriteAll(fd, Framed("hello"));
    ReadToEnd(fd);
  });
  StreamServer second(EchoMessages);
  Open();
  const StreamId closed = transport_->OpenStream(first.endpoint(), IpAddress());
  const StreamId open = transport_->OpenStream(second.endpoint(), IpAddress());
  transport_->CloseStream(closed);
  transport_->CloseStream(closed);
  transport_->CloseStream(12345);
  EXPECT_TRUE(transport_->SendMessage(open, Octets("still here")));
  PollForEvents(1);
  for (const Arrived::Event& event : arrived_.events) EXPECT_EQ(event.stream, open);
  // Also one that has failed, but whose end was not told yet.
  const StreamId failed = transport_->OpenStream(Endpoint{}, IpAddress());
  transport_->CloseStream(failed);
  EXPECT_TRUE(transport_->SendMessage(open, Octets("again")));
  PollForEvents(2);
  for (const Arrived::Event& event : arrived_.events) EXPECT_EQ(event.stream, open);
  transport_->CloseStream(open);
}

TEST_P(StreamTest, PayloadsOutliveCloseStreamUntilTheNextPoll) {
  StreamServer server([](int fd) {
    WriteAll(fd, Framed(std::string(1000, 'p')) + Framed(std::string(1000, 'q')));
    ReadToEnd(fd);
  });
  Open();
  const StreamId stream = transport_->OpenStream(server.endpoint(), IpAddress());
  Inbox inbox;
  bool done = false;
  const TimeNs end = MonotonicNow() + kPatience;
  while (!done && transport_->Poll(end, &inbox) < end) {
    for (const StreamEvent& event : inbox.streams) {
      if (event.kind != StreamEventKind::kMessage) continue;
      transport_->CloseStream(stream);
      EXPECT_EQ(Text(event.payload), std::string(1000, static_cast<char>(event.payload[0])));
      done = true;
    }
  }
  EXPECT_TRUE(done);
}

// A peer that reads nothing: the queue is bounded, and the stream ends instead of growing.
TEST_P(StreamTest, UnreadMessagesAreBounded) {
  int hold[2];
  ASSERT_EQ(pipe(hold), 0);
  {
    StreamServer server([&](int) {
      char octet;
      EXPECT_EQ(read(hold[0], &octet, 1), 1);
    });
    Open();
    const StreamId stream = transport_->OpenStream(server.endpoint(), IpAddress());
    const std::string message(65535, 'm');
    Inbox inbox;
    int accepted = 0;
    while (accepted < 100000 && transport_->SendMessage(stream, Octets(message))) {
      ++accepted;
      transport_->Poll(0, &inbox);
    }
    EXPECT_LT(accepted, 100000);
    PollForEvents(1);
    EXPECT_EQ(Events()[0].kind, StreamEventKind::kClosed);
    EXPECT_EQ(Events()[0].error, ENOBUFS);
    ASSERT_EQ(write(hold[1], "x", 1), 1);
  }
  close(hold[0]);
  close(hold[1]);
}

// More streams than one look at the kernel reports, beside datagrams.
TEST_P(StreamTest, ManyStreamsBesideDatagrams) {
  EchoServer datagrams;
  std::vector<std::unique_ptr<StreamServer>> servers;
  Open();
  constexpr size_t kStreams = 150;
  for (size_t i = 0; i < kStreams; ++i) {
    servers.push_back(std::make_unique<StreamServer>(EchoMessages));
    const StreamId stream = transport_->OpenStream(servers.back()->endpoint(), IpAddress());
    EXPECT_TRUE(transport_->SendMessage(stream, Octets("stream " + std::to_string(stream))));
  }
  const SocketId socket = OpenConnected(datagrams.endpoint());
  const std::string payload = "datagram";
  const std::vector<OutDatagram> batch(100, {socket, datagrams.endpoint(), Octets(payload)});
  SendAll(transport_.get(), batch, &arrived_);
  PollUntil(transport_.get(), &arrived_,
            [&] { return Events().size() >= kStreams && arrived_.datagrams.size() >= 100; });
  for (const Arrived::Event& event : Events()) EXPECT_EQ(event.payload, "stream " + std::to_string(event.stream));
  for (StreamId stream = 1; stream <= kStreams; ++stream) transport_->CloseStream(stream);
}

}  // namespace
}  // namespace mxscan
