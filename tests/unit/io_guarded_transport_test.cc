// What the guard holds back, and that everything else passes as it is.
#include "io/guarded_transport.h"

#include <cerrno>
#include <set>
#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace mxscan {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

Endpoint To(uint32_t number) { return {IpAddress::V4FromInt(number), 53}; }

// What reached the transport beneath.
struct Wire {
  std::vector<uint32_t> sent;
  std::vector<uint32_t> opened;
  std::vector<StreamId> messages;  // by the stream they were queued on
  std::vector<StreamId> closed;
  std::vector<StreamEvent> events;  // of the next Poll
  std::vector<TimeNs> deadlines;
  size_t room = SIZE_MAX;
};

uint32_t NumberOf(const IpAddress& address) {
  uint32_t number = 0;
  for (size_t i = 0; i < 4; ++i) number = number << 8 | address.data()[i];
  return number;
}

class WireTransport : public Transport {
 public:
  explicit WireTransport(Wire* wire) : wire_(wire) {}
  absl::StatusOr<SocketId> OpenSocket(const SocketOptions&) override { return SocketId{0}; }
  size_t Send(std::span<const OutDatagram> batch) override {
    size_t taken = 0;
    for (; taken < batch.size() && wire_->room > 0; ++taken, --wire_->room) {
      wire_->sent.push_back(NumberOf(batch[taken].peer.address));
    }
    counters_.datagrams_sent += taken;
    return taken;
  }
  StreamId OpenStream(const Endpoint& peer, const IpAddress&) override {
    wire_->opened.push_back(NumberOf(peer.address));
    return ++streams_;
  }
  bool SendMessage(StreamId stream, std::span<const uint8_t>) override {
    wire_->messages.push_back(stream);
    return stream <= streams_;
  }
  void CloseStream(StreamId stream) override { wire_->closed.push_back(stream); }
  TimeNs Poll(TimeNs deadline, Inbox* inbox) override {
    inbox->Clear();
    inbox->streams.swap(wire_->events);
    wire_->deadlines.push_back(deadline);
    return 7;
  }
  void Wake() override {}
  const TransportCounters& counters() const override { return counters_; }
  std::string_view name() const override { return "wire"; }

 private:
  Wire* const wire_;
  StreamId streams_ = 0;
  TransportCounters counters_;
};

class SetGate : public AddressGate {
 public:
  explicit SetGate(std::set<uint32_t> blocked) : blocked_(std::move(blocked)) {}
  bool IsBlocked(const IpAddress& address) override { return blocked_.contains(NumberOf(address)); }
  uint32_t Generation() override { return generation_; }
  void Change(std::set<uint32_t> blocked) {
    blocked_ = std::move(blocked);
    ++generation_;
  }

 private:
  std::set<uint32_t> blocked_;
  uint32_t generation_ = 1;
};

struct Guarded {
  explicit Guarded(std::set<uint32_t> blocked)
      : own_gate(std::make_unique<SetGate>(std::move(blocked))),
        gate(own_gate.get()),
        transport(std::make_unique<WireTransport>(&wire), std::move(own_gate)) {}
  size_t Send(const std::vector<uint32_t>& peers) {
    std::vector<OutDatagram> batch;
    for (const uint32_t peer : peers) batch.push_back({3, To(peer), {}});
    return transport.Send(batch);
  }
  Wire wire;
  std::unique_ptr<SetGate> own_gate;
  SetGate* const gate;
  GuardedTransport transport;
  Inbox inbox;
};

TEST(GuardedTransportTest, BlockedDatagramsAreTakenAndGoNowhere) {
  Guarded guarded({2, 4});
  EXPECT_EQ(guarded.Send({1, 2, 2, 3, 4, 1}), 6u);
  EXPECT_THAT(guarded.wire.sent, ElementsAre(1, 3, 1));
  EXPECT_EQ(guarded.transport.counters().blocked, 3u);
  EXPECT_EQ(guarded.transport.counters().datagrams_sent, 3u);
  EXPECT_EQ(guarded.transport.Poll(1000, &guarded.inbox), 7);
  ASSERT_EQ(guarded.inbox.errors.size(), 3u);
  for (const SocketError& error : guarded.inbox.errors) {
    EXPECT_EQ(error.error, EACCES);
    EXPECT_EQ(error.socket, 3u);
  }
  EXPECT_EQ(guarded.inbox.errors[0].peer, To(2));
  EXPECT_EQ(guarded.inbox.errors[2].peer, To(4));
  guarded.transport.Poll(1000, &guarded.inbox);
  EXPECT_THAT(guarded.inbox.errors, IsEmpty()) << "told once";
  EXPECT_THAT(guarded.wire.deadlines, ElementsAre(0, 1000)) << "what is to be told is not waited on";
}

TEST(GuardedTransportTest, AFullSendQueueEndsTheBatch) {
  Guarded guarded({2});
  guarded.wire.room = 2;
  EXPECT_EQ(guarded.Send({2, 1, 2, 1, 1, 2, 1}), 4u) << "the fifth is offered again";
  EXPECT_THAT(guarded.wire.sent, ElementsAre(1, 1));
  EXPECT_EQ(guarded.transport.counters().blocked, 2u);
}

TEST(GuardedTransportTest, NoStreamToABlockedPeer) {
  Guarded guarded({2});
  const StreamId good = guarded.transport.OpenStream(To(1), {});
  const StreamId bad = guarded.transport.OpenStream(To(2), {});
  const StreamId forgotten = guarded.transport.OpenStream(To(2), {});
  EXPECT_THAT(guarded.wire.opened, ElementsAre(1));
  EXPECT_TRUE(good != bad && bad != forgotten);
  EXPECT_TRUE(guarded.transport.SendMessage(good, {}));
  EXPECT_FALSE(guarded.transport.SendMessage(bad, {}));
  guarded.transport.CloseStream(forgotten);
  guarded.transport.Poll(1000, &guarded.inbox);
  ASSERT_EQ(guarded.inbox.streams.size(), 1u) << "no event after CloseStream";
  EXPECT_EQ(guarded.inbox.streams[0].stream, bad);
  EXPECT_EQ(guarded.inbox.streams[0].kind, StreamEventKind::kClosed);
  EXPECT_EQ(guarded.inbox.streams[0].error, EACCES);
  guarded.transport.CloseStream(good);
  guarded.transport.CloseStream(bad);
  EXPECT_THAT(guarded.wire.closed, ElementsAre(good)) << "the one beneath knows nothing of the others";
}

// What is queued on a stream that is still connecting would go out during the next wait.
TEST(GuardedTransportTest, AStreamWhosePeerBecomesBlockedIsClosed) {
  Guarded guarded({});
  const StreamId kept = guarded.transport.OpenStream(To(1), {});
  const StreamId lost = guarded.transport.OpenStream(To(2), {});
  const StreamId asked = guarded.transport.OpenStream(To(3), {});
  const StreamId given_up = guarded.transport.OpenStream(To(2), {});
  EXPECT_TRUE(guarded.transport.SendMessage(lost, {}));
  guarded.gate->Change({2, 3});
  EXPECT_FALSE(guarded.transport.SendMessage(asked, {})) << "at once";
  EXPECT_TRUE(guarded.transport.SendMessage(kept, {}));
  EXPECT_THAT(guarded.wire.messages, ElementsAre(lost, kept));
  EXPECT_THAT(guarded.wire.closed, ElementsAre(asked));
  guarded.transport.CloseStream(given_up);
  guarded.transport.Poll(1000, &guarded.inbox);
  EXPECT_THAT(guarded.wire.closed, ElementsAre(asked, given_up, lost)) << "before the wait";
  EXPECT_THAT(guarded.wire.deadlines, ElementsAre(0));
  std::vector<StreamId> ended;
  for (const StreamEvent& event : guarded.inbox.streams) {
    EXPECT_EQ(event.kind, StreamEventKind::kClosed);
    EXPECT_EQ(event.error, EACCES);
    ended.push_back(event.stream);
  }
  EXPECT_THAT(ended, ElementsAre(asked, lost)) << "and no event after CloseStream";
  EXPECT_EQ(guarded.transport.counters().blocked, 2u);
  EXPECT_FALSE(guarded.transport.SendMessage(lost, {}));
  EXPECT_TRUE(guarded.transport.SendMessage(kept, {}));
  // One that has ended by itself is no concern any more.
  guarded.wire.events = {{.stream = kept, .kind = StreamEventKind::kClosed}};
  guarded.transport.Poll(1000, &guarded.inbox);
  EXPECT_EQ(guarded.inbox.streams.size(), 1u);
  guarded.gate->Change({1, 2, 3});
  guarded.transport.Poll(1000, &guarded.inbox);
  EXPECT_THAT(guarded.inbox.streams, IsEmpty());
  EXPECT_EQ(guarded.transport.counters().blocked, 2u);
}

}  // namespace
}  // namespace mxscan
