// Lines to workers: every line ends in exactly one count, every target at its owner.
#include "scanner/run/intake.h"

#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"
#include "scanner/limits.h"
#include "tests/sim/memory_files.h"
#include "tests/unit/output_testing.h"

namespace mxscan {
namespace {

class NoTransport : public Transport {
 public:
  absl::StatusOr<SocketId> OpenSocket(const SocketOptions&) override { return absl::UnimplementedError("none"); }
  size_t Send(std::span<const OutDatagram>) override { return 0; }
  StreamId OpenStream(const Endpoint&, const IpAddress&) override { return 0; }
  bool SendMessage(StreamId, std::span<const uint8_t>) override { return false; }
  void CloseStream(StreamId) override {}
  TimeNs Poll(TimeNs deadline, Inbox*) override { return deadline; }
  void Wake() override { ++wakes; }
  const TransportCounters& counters() const override { return counters_; }
  std::string_view name() const override { return "none"; }
  int wakes = 0;

 private:
  TransportCounters counters_;
};

constexpr uint64_t kOwnerSeed = 5;

// The intake over a list, with workers that only take targets away.
struct Desk {
  Desk(const std::string& list, int workers, uint64_t domains_max = 0, Replay replay = {}, size_t shuffle = 0)
      : crew(workers), transports(static_cast<size_t>(workers)), seen(SeenOptions()) {
    const std::string path = scratch.path("list");
    std::ofstream(path, std::ios::binary) << list;
    source = *TargetSource::Open({path}, ListOptions{});
    dataset = *Dataset::Create(&files, "dataset", DatasetOptions{});
    rejects = std::make_unique<RowWriter>(dataset.get(), 0, 1, SummaryOptions{.files = &files, .spill_directory = "s"},
                                          &suffixes);
    std::vector<Transport*> all;
    for (NoTransport& transport : transports) all.push_back(&transport);
    intake = std::make_unique<Intake>(source.get(), &crew, all, kOwnerSeed, &seen, rejects.get(), domains_max,
                                      std::move(replay), shuffle);
  }
  SeenSetOptions SeenOptions() { return {.files = &files, .directory = "seen", .table_entries_max = 1 << 16}; }

  Intake::State Step() {
    const absl::StatusOr<Intake::State> state = intake->Step();
    MXSCAN_CHECK(state.ok());
    return *state;
  }
  // Takes what is queued for every worker; targets by text, checked to be at their owner.
  void TakeAll() {
    for (int worker = 0; worker < crew.size(); ++worker) {
      std::unique_ptr<TargetBatch> batch;
      while (crew.targets(worker).Pop(&batch)) {
        for (size_t i = 0; i < batch->size(); ++i) {
          EXPECT_EQ(Survey::OwnerOf(batch->domain(i), kOwnerSeed, crew.size()), worker);
          EXPECT_TRUE(taken.emplace(NameToText(batch->domain(i)), batch->input_rank(i)).second);
          order.push_back(batch->input_rank(i));
          inputs.insert(std::string(batch->input(i)));
        }
      }
    }
  }
  void Finish() {
    while (Step() != Intake::State::kDone) TakeAll();
    TakeAll();
  }

  output_testing::ScratchDirectory scratch;
  sim::MemoryFileSystem files;
  const Suffixes suffixes;
  Crew crew;
  std::vector<NoTransport> transports;
  SeenSet seen;
  std::unique_ptr<TargetSource> source;
  std::unique_ptr<Dataset> dataset;
  std::unique_ptr<RowWriter> rejects;
  std::unique_ptr<Intake> intake;
  std::map<std::string, int64_t> taken;
  std::vector<int64_t> order;  // ranks, as they were taken
  std::set<std::string> inputs;
};

TEST(IntakeTest, EveryLineEndsInOneCount) {
  Desk desk(
      "example.org\n\n# comment\nExample.ORG.\nexample.com\nnot a name!\n\xff\xfe.example\nexample.com\nb.example\n",
      2);
  desk.Finish();
  EXPECT_EQ(desk.intake->counts().targets, 3u);
  EXPECT_EQ(desk.intake->counts().duplicates, 2u);
  const InputCounts& lines = desk.source->counts();
  EXPECT_EQ(lines.lines, 9u);
  EXPECT_EQ(lines.lines, desk.intake->counts().targets + desk.intake->counts().duplicates + lines.rejects +
                             lines.blank + lines.comments);
  EXPECT_EQ(desk.rejects->rows(TableId::kRejects), lines.rejects);
  EXPECT_EQ(desk.taken, (std::map<std::string, int64_t>{{"example.org.", 1}, {"example.com.", 5}, {"b.example.", 9}}));
  EXPECT_EQ(desk.inputs, (std::set<std::string>{"example.org", "example.com", "b.example"}));
  EXPECT_TRUE(desk.crew.exhausted());
  EXPECT_FALSE(desk.crew.Finished()) << "three targets are open";
  for (const NoTransport& transport : desk.transports) EXPECT_GE(transport.wakes, 1);
}

std::string LongList(int lines) {
  std::string list;
  for (int i = 0; i < lines; ++i) absl::StrAppend(&list, "d", i, ".example\n");
  return list;
}

TEST(IntakeTest, AFullQueueBlocksAndLosesNothing) {
  for (const int workers : {1, 3}) {
    SCOPED_TRACE(workers);
    constexpr int kLines = 20'000;
    Desk desk(LongList(kLines), workers);
    int blocked = 0;
    while (true) {
      const Intake::State state = desk.Step();
      if (state == Intake::State::kDone) break;
      if (state != Intake::State::kBlocked) continue;
      const uint64_t read = desk.source->counts().lines;
      EXPECT_EQ(desk.Step(), Intake::State::kBlocked);
      EXPECT_EQ(desk.source->counts().lines, read) << "nothing is read while a worker cannot take it";
      EXPECT_FALSE(desk.crew.exhausted());
      ++blocked;
      desk.TakeAll();
    }
    desk.TakeAll();
    EXPECT_GT(blocked, 0);
    EXPECT_EQ(desk.taken.size(), static_cast<size_t>(kLines));
    EXPECT_EQ(desk.intake->counts().targets, static_cast<uint64_t>(kLines));
    EXPECT_EQ(desk.source->counts().lines, static_cast<uint64_t>(kLines));
  }
}

TEST(IntakeTest, NoMoreDomainsThanAskedFor) {
  Desk desk("a.example\na.example\nbad name\n" + LongList(1000), 2, 100);
  desk.Finish();
  EXPECT_EQ(desk.taken.size(), 100u);
  EXPECT_EQ(desk.intake->counts().targets, 100u);
  EXPECT_EQ(desk.source->counts().lines, 102u) << "lines beyond are not read";
}

TEST(IntakeTest, ASleepingWorkerGetsWhatThereIs) {
  Desk desk(LongList(1000), 1);
  desk.crew.board(0).hungry = true;
  ASSERT_EQ(desk.Step(), Intake::State::kMore);
  desk.Step();
  EXPECT_FALSE(desk.crew.targets(0).Empty()) << "a batch that is not full goes to one who has nothing to do";
  EXPECT_GE(desk.transports[0].wakes, 1);
  desk.crew.board(0).hungry = false;
  desk.Finish();
  EXPECT_EQ(desk.taken.size(), 1000u);
}

// What an earlier run left that had read `lines` lines and committed these names and so many rejects.
Replay ReplayOf(sim::MemoryFileSystem* files, uint64_t lines, const std::vector<std::string>& committed,
                uint64_t rejects) {
  Replay replay;
  replay.lines = lines;
  replay.rejects = rejects;
  replay.committed = std::make_unique<SeenSet>(SeenSetOptions{.files = files, .directory = "c"});
  for (const std::string& text : committed) {
    Name name;
    MXSCAN_CHECK(ParseName(text, &name) == NameError::kNone);
    MXSCAN_CHECK(replay.committed->InsertIfNew(Intake::Fingerprint(name, kOwnerSeed)));
  }
  return replay;
}

constexpr char kReplayed[] =
    "a.example\nbad name\nb.example\na.example\n\nworse name\nc.example\nb.example\nd.example\n";

TEST(IntakeReplayTest, WhatHasARowIsCountedAndNotHandedOver) {
  sim::MemoryFileSystem files;
  Desk desk(kReplayed, 2, 0, ReplayOf(&files, 7, {"c.example.", "a.example."}, 1));
  EXPECT_TRUE(desk.intake->replaying());
  EXPECT_EQ(desk.intake->lines(), 7u) << "however far this run has come";
  desk.Finish();
  EXPECT_FALSE(desk.intake->replaying());
  EXPECT_EQ(desk.intake->lines(), 9u);
  EXPECT_EQ(desk.taken, (std::map<std::string, int64_t>{{"b.example.", 3}, {"d.example.", 9}}));
  EXPECT_EQ(desk.intake->counts().targets, 4u) << "those with a row count, so that lines add up";
  EXPECT_EQ(desk.intake->counts().duplicates, 2u);
  EXPECT_EQ(desk.rejects->rows(TableId::kRejects), 1u) << "the first reject has its row";
}

TEST(IntakeReplayTest, TheNumberOfDomainsCountsThoseThatHaveRows) {
  sim::MemoryFileSystem files;
  Desk desk(kReplayed, 1, 3, ReplayOf(&files, 4, {"a.example."}, 0));
  desk.Finish();
  EXPECT_EQ(desk.taken, (std::map<std::string, int64_t>{{"b.example.", 3}, {"c.example.", 7}}));
}

// Refused with nothing handed over, whatever the difference.
TEST(IntakeReplayTest, AnotherListIsRefusedBeforeAnythingIsAsked) {
  const struct {
    const char* what;
    std::string list;
    uint64_t domains_max;
  } cases[] = {{"a committed name is gone", "x.example\nbad name\nb.example\nq\nq\nq\nq\nq\n", 0},
               {"it ends early", "a.example\nbad name\n", 0},
               {"a reject is none any more", "a.example\nfine.example\nb.example\nc.example\nd\ne\nf\ng\n", 0},
               {"the names end early", "b.example\na.example\nc.example\nd.example\n", 1},
               {"it has nothing", "", 0}};
  for (const auto& other : cases) {
    SCOPED_TRACE(other.what);
    sim::MemoryFileSystem files;
    Desk desk(other.list, 1, other.domains_max, ReplayOf(&files, 7, {"c.example.", "a.example."}, 1));
    absl::StatusOr<Intake::State> state = Intake::State::kMore;
    for (int i = 0; i < 100 && state.ok() && *state != Intake::State::kDone; ++i) state = desk.intake->Step();
    EXPECT_TRUE(absl::IsFailedPrecondition(state.status())) << state.status();
    EXPECT_TRUE(desk.intake->replaying());
    desk.TakeAll();
    EXPECT_TRUE(desk.taken.empty());
  }
}

TEST(IntakeMixingTest, NeighboursAreSpreadAndNobodyIsLost) {
  constexpr int kLines = 20'000;
  constexpr size_t kWindow = 1000;
  Desk desk(LongList(kLines), 1, 0, {}, kWindow);
  desk.Finish();
  ASSERT_EQ(desk.taken.size(), static_cast<size_t>(kLines));
  for (const auto& [name, rank] : desk.taken) EXPECT_EQ(name, "d" + std::to_string(rank - 1) + ".example.");
  // Nobody comes before he is read, and who comes out next was read long before or just now: of 50 in a row few were
  // neighbours in the list.
  double distance = 0;
  for (size_t i = 0; i < desk.order.size(); ++i) {
    EXPECT_LE(desk.order[i], static_cast<int64_t>(i + kWindow + 1));
    if (i > 0) distance += std::abs(static_cast<double>(desk.order[i] - desk.order[i - 1]));
  }
  EXPECT_GT(distance / kLines, kWindow / 2.0);
  Desk again(LongList(kLines), 1, 0, {}, kWindow);
  again.Finish();
  EXPECT_EQ(again.order, desk.order) << "the same seed and list, the same order";
  Desk plain(LongList(kLines), 1);
  plain.Finish();
  EXPECT_TRUE(std::is_sorted(plain.order.begin(), plain.order.end()));
}

TEST(IntakeMixingTest, GoingOnLosesNobody) {
  constexpr int kLines = 3000;
  sim::MemoryFileSystem files;
  std::vector<std::string> committed;
  for (int i = 0; i < kLines; i += 3) committed.push_back("d" + std::to_string(i) + ".example.");
  Desk desk(LongList(kLines), 2, 0, ReplayOf(&files, 2000, {committed.begin(), committed.begin() + 600}, 0), 500);
  desk.Finish();
  EXPECT_EQ(desk.taken.size(), kLines - 600u);
  for (int i = 0; i < 600; ++i) EXPECT_FALSE(desk.taken.contains(committed[static_cast<size_t>(i)]));
}

// Whoever has nothing to do gets what there is where more may be long in coming.
TEST(IntakeMixingTest, APipeKeepsNobodyWaiting) {
  int ends[2];
  ASSERT_EQ(pipe(ends), 0);
  ASSERT_EQ(write(ends[1], "a.example\nb.example\n", 20), 20);
  Crew crew(1);
  NoTransport transport;
  sim::MemoryFileSystem files;
  const Suffixes suffixes;
  SeenSet seen({.files = &files, .directory = "seen"});
  const auto dataset = *Dataset::Create(&files, "dataset", DatasetOptions{});
  RowWriter rejects(dataset.get(), 0, 1, SummaryOptions{.files = &files, .spill_directory = "s"}, &suffixes);
  crew.board(0).hungry = true;
  // What begins the list is looked at for its layout, so this many lines have to be there.
  std::string more;
  for (int i = 0; i < 20; ++i) more += "n" + std::to_string(i) + ".example\n";
  ASSERT_EQ(write(ends[1], more.data(), more.size()), static_cast<ssize_t>(more.size()));
  auto source = *TargetSource::Open({"/dev/fd/" + std::to_string(ends[0])}, ListOptions{});
  ASSERT_TRUE(source->may_wait());
  Intake intake(source.get(), &crew, {&transport}, kOwnerSeed, &seen, &rejects, 0, {}, 1000);
  size_t taken = 0;
  // No further step than there are lines: one more would wait for the pipe.
  for (int i = 0; i < 12; ++i) {
    ASSERT_TRUE(intake.Step().ok());
    std::unique_ptr<TargetBatch> batch;
    while (crew.targets(0).Pop(&batch)) taken += batch->size();
  }
  EXPECT_GE(taken, 3u);
  close(ends[1]);
  close(ends[0]);
}

TEST(IntakeReplayTest, MoreNamesThanCanHaveBeenInHandAreAnotherList) {
  sim::MemoryFileSystem files;
  const int lines = static_cast<int>(kHeldTargetsMax) + 2;
  Desk desk(LongList(lines), 1, 0, ReplayOf(&files, static_cast<uint64_t>(lines), {"d0.example."}, 0));
  absl::StatusOr<Intake::State> state = Intake::State::kMore;
  while (state.ok() && *state == Intake::State::kMore) state = desk.intake->Step();
  EXPECT_TRUE(absl::IsFailedPrecondition(state.status())) << state.status();
}

// What was held back goes first, and nothing is read meanwhile: what is read and has no row stays bounded.
TEST(IntakeReplayTest, WhatWasHeldBackGoesBeforeTheNextLine) {
  sim::MemoryFileSystem files;
  constexpr int kHeld = 20'000;
  Desk desk(LongList(kHeld + 5000), 1, 0, ReplayOf(&files, kHeld + 1, {"d7.example."}, 0));
  while (desk.Step() != Intake::State::kBlocked) continue;
  EXPECT_LE(desk.source->counts().lines, static_cast<uint64_t>(kHeld) + 1 + 256);
  desk.Finish();
  EXPECT_EQ(desk.taken.size(), static_cast<size_t>(kHeld) + 4999);
}

TEST(IntakeReplayTest, AChangedChecksumOfTheWholeIsRefused) {
  sim::MemoryFileSystem files;
  Replay replay = ReplayOf(&files, 1, {"a.example."}, 0);
  replay.sha256 = {std::string(64, '0')};
  Desk desk(kReplayed, 1, 0, std::move(replay));
  absl::StatusOr<Intake::State> state = Intake::State::kMore;
  while (state.ok() && *state == Intake::State::kMore) state = desk.intake->Step();
  EXPECT_TRUE(absl::IsFailedPrecondition(state.status())) << state.status();
}

TEST(IntakeTest, RejectsAreCutApart) {
  Desk desk("bad name\na.example\nworse name\n", 1);
  std::vector<ClosedPart> closed;
  desk.intake->TakeCut(&closed);
  EXPECT_TRUE(closed.empty());
  desk.crew.board(0).hungry = true;  // a line at a time
  desk.Step();
  desk.intake->RequestCut();
  desk.intake->TakeCut(&closed);
  EXPECT_TRUE(closed.empty()) << "the reader has not come round to it";
  desk.Step();
  desk.intake->TakeCut(&closed);
  ASSERT_EQ(closed.size(), 1u);
  EXPECT_EQ(closed[0].part.rows, 1u);
  desk.Finish();
  desk.intake->TakeCut(&closed);
  ASSERT_EQ(closed.size(), 2u) << "at the end without being asked";
  EXPECT_EQ(closed[1].part.rows, 1u);
}

TEST(IntakeTest, AnEmptyListIsDoneAtOnce) {
  Desk desk("", 2);
  desk.Finish();
  EXPECT_TRUE(desk.crew.Finished());
  EXPECT_EQ(desk.intake->counts().targets, 0u);
}

}  // namespace
}  // namespace mxscan
