// What carries work between threads: the queue, batches of targets, the crew's account of what is open.
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "gtest/gtest.h"
#include "scanner/run/spsc_queue.h"
#include "scanner/run/target_batch.h"
#include "scanner/run/worker.h"
#include "tests/unit/dns_builder.h"

namespace mxscan {
namespace {

TEST(SpscQueueTest, FirstInFirstOutAndBounded) {
  SpscQueue<int> queue(4);
  int out = 0;
  EXPECT_TRUE(queue.Empty());
  EXPECT_FALSE(queue.Pop(&out));
  for (int i = 0; i < 4; ++i) EXPECT_TRUE(queue.Push(int{i}));
  EXPECT_TRUE(queue.Full());
  EXPECT_FALSE(queue.Push(99));
  for (int round = 0; round < 100; ++round) {
    ASSERT_TRUE(queue.Pop(&out));
    EXPECT_EQ(out, round);
    EXPECT_FALSE(queue.Full());
    EXPECT_TRUE(queue.Push(round + 4));
  }
}

TEST(SpscQueueTest, CapacityIsRoundedUp) {
  SpscQueue<int> queue(5);
  int pushed = 0;
  while (queue.Push(int{pushed})) ++pushed;
  EXPECT_EQ(pushed, 8);
}

TEST(SpscQueueTest, ARefusedItemIsLeftAsItWas) {
  SpscQueue<std::unique_ptr<int>> queue(1);
  ASSERT_TRUE(queue.Push(std::make_unique<int>(1)));
  auto second = std::make_unique<int>(2);
  EXPECT_FALSE(queue.Push(std::move(second)));
  ASSERT_NE(second, nullptr);
  EXPECT_EQ(*second, 2);
}

TEST(SpscQueueTest, BetweenTwoThreads) {
  for (const size_t capacity : {1u, 2u, 64u}) {
    SpscQueue<std::unique_ptr<uint64_t>> queue(capacity);
    constexpr uint64_t kItems = 50'000;
    std::thread pusher([&queue] {
      for (uint64_t i = 0; i < kItems; ++i) {
        auto item = std::make_unique<uint64_t>(i);
        while (!queue.Push(std::move(item))) std::this_thread::yield();
      }
    });
    bool in_order = true;
    for (uint64_t i = 0; i < kItems; ++i) {
      std::unique_ptr<uint64_t> item;
      while (!queue.Pop(&item)) std::this_thread::yield();
      in_order = in_order && item != nullptr && *item == i;
    }
    pusher.join();
    EXPECT_TRUE(in_order);
    EXPECT_TRUE(queue.Empty());
  }
}

TEST(TargetBatchTest, KeepsWhatItWasGiven) {
  TargetBatch batch;
  std::vector<std::string> inputs;
  for (int i = 0; i < 300; ++i) {
    inputs.push_back(std::string(static_cast<size_t>(i % 7), 'x') + std::to_string(i));
    batch.Add(i * 10, inputs.back(), test::ToName("d" + std::to_string(i) + ".example"));
  }
  ASSERT_EQ(batch.size(), 300u);
  for (int i = 0; i < 300; ++i) {
    const size_t at = static_cast<size_t>(i);
    EXPECT_EQ(batch.input_rank(at), i * 10);
    EXPECT_EQ(batch.input(at), inputs[at]);
    EXPECT_EQ(NameToText(batch.domain(at)), "d" + std::to_string(i) + ".example.");
  }
}

TEST(TargetBatchTest, AnEmptyInputIsKept) {
  TargetBatch batch;
  batch.Add(1, "", test::ToName("a.example"));
  batch.Add(2, "b", test::ToName("b.example"));
  EXPECT_EQ(batch.input(0), "");
  EXPECT_EQ(NameToText(batch.domain(0)), "a.example.");
  EXPECT_EQ(batch.input(1), "b");
}

TEST(CrewTest, FinishedOnlyWhenEverythingOpenedIsClosed) {
  Crew crew(2);
  EXPECT_FALSE(crew.Finished()) << "the input may go on";
  crew.AddTargets(3);
  crew.SetExhausted();
  EXPECT_FALSE(crew.Finished());
  crew.board(0).closed = 2;
  crew.board(1).closed = 1;
  EXPECT_TRUE(crew.Finished());
  crew.board(1).opened = 1;  // a host that waits for its addresses
  EXPECT_FALSE(crew.Finished());
  crew.board(1).closed = 2;
  EXPECT_TRUE(crew.Finished());
}

TEST(CrewTest, AnEmptyInputIsFinishedAtOnce) {
  Crew crew(1);
  crew.SetExhausted();
  EXPECT_TRUE(crew.Finished());
  EXPECT_FALSE(crew.draining());
  crew.Drain();
  EXPECT_TRUE(crew.draining());
}

TEST(CrewTest, MailboxesAreDistinct) {
  Crew crew(3);
  for (int from = 0; from < 3; ++from) {
    for (int to = 0; to < 3; ++to) {
      Message message;
      message.asked = static_cast<uint16_t>(from * 3 + to);
      ASSERT_TRUE(crew.mailbox(from, to).Push(std::move(message)));
    }
  }
  for (int from = 0; from < 3; ++from) {
    for (int to = 0; to < 3; ++to) {
      Message message;
      ASSERT_TRUE(crew.mailbox(from, to).Pop(&message));
      EXPECT_EQ(message.asked, from * 3 + to);
      EXPECT_TRUE(crew.mailbox(from, to).Empty());
    }
  }
}

}  // namespace
}  // namespace mxscan
