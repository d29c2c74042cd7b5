#include "tests/sim/memory_files.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cerrno>
#include <string>

namespace mxscan::sim {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Pair;

absl::Status WriteFile(FileSystem* files, const std::string& path, const std::string& content, bool sync) {
  absl::StatusOr<std::unique_ptr<WritableFile>> file = files->Create(path);
  if (!file.ok()) return file.status();
  if (absl::Status status = (*file)->Append(content); !status.ok()) return status;
  if (sync) {
    if (absl::Status status = (*file)->Sync(); !status.ok()) return status;
  }
  return (*file)->Close();
}

TEST(MemoryFiles, ReadsBackWhatWasWritten) {
  MemoryFileSystem files;
  ASSERT_TRUE(files.MakeDirectory("run").ok());
  ASSERT_TRUE(files.MakeDirectory("run").ok()) << "existing is no error";
  ASSERT_TRUE(WriteFile(&files, "run/a", "hello", true).ok());
  const auto file = files.Open("/run/./a");
  ASSERT_TRUE(file.ok());
  EXPECT_EQ((*file)->size(), 5u);
  char buffer[8];
  EXPECT_EQ(*(*file)->ReadAt(1, 3, buffer), 3u);
  EXPECT_EQ(std::string(buffer, 3), "ell");
  EXPECT_EQ(*(*file)->ReadAt(3, 8, buffer), 2u);
  EXPECT_EQ(*(*file)->ReadAt(9, 8, buffer), 0u);
  EXPECT_THAT(*files.List("run"), ElementsAre("a"));
  EXPECT_THAT(files.AllFiles(), ElementsAre(Pair("run/a", "hello")));
}

TEST(MemoryFiles, ErrorsHaveTheCodesOfTheContract) {
  MemoryFileSystem files;
  files.Put("d/f", "x");
  EXPECT_EQ(files.Open("missing").status().code(), absl::StatusCode::kNotFound);
  EXPECT_THAT(std::string(files.Open("missing").status().message()), HasSubstr("missing: No such file"));
  EXPECT_EQ(files.Create("no/f").status().code(), absl::StatusCode::kNotFound);
  EXPECT_EQ(files.Create("d").status().code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_EQ(files.Open("d").status().code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_EQ(files.Rename("missing", "d/g").code(), absl::StatusCode::kNotFound);
  EXPECT_EQ(files.Rename("d/f", "no/g").code(), absl::StatusCode::kNotFound);
  EXPECT_EQ(files.Rename("d/f", "d").code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_EQ(files.Remove("missing").code(), absl::StatusCode::kNotFound);
  EXPECT_FALSE(files.Remove("d").ok()) << "not empty";
  EXPECT_EQ(files.List("d/f").status().code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_EQ(files.MakeDirectory("no/d").code(), absl::StatusCode::kNotFound);
  EXPECT_EQ(files.SyncDirectory("no").code(), absl::StatusCode::kNotFound);
  EXPECT_THAT(files.AllFiles(), ElementsAre(Pair("d/f", "x"))) << "nothing of this changed anything";
}

TEST(MemoryFiles, CrashKeepsOnlyWhatWasSynced) {
  MemoryFileSystem files;
  ASSERT_TRUE(WriteFile(&files, "no-entry", "synced data, entry not", true).ok());
  files.Crash();
  EXPECT_THAT(files.AllFiles(), IsEmpty());

  ASSERT_TRUE(WriteFile(&files, "no-data", "lost", false).ok());
  ASSERT_TRUE(files.SyncDirectory(".").ok());
  files.Crash();
  EXPECT_THAT(files.AllFiles(), ElementsAre(Pair("no-data", "")));

  auto file = *files.Create("both");
  ASSERT_TRUE(file->Append("kept ").ok());
  ASSERT_TRUE(file->Sync().ok());
  ASSERT_TRUE(files.SyncDirectory(".").ok());
  ASSERT_TRUE(file->Append("lost").ok());
  EXPECT_EQ(files.AllFiles()["both"], "kept lost");
  EXPECT_EQ(files.DurableFiles()["both"], "kept ");
  files.Crash();
  EXPECT_EQ(files.AllFiles()["both"], "kept ");
  EXPECT_FALSE(file->Append("x").ok()) << "files of before the crash are dead";
  EXPECT_FALSE(file->Sync().ok());
}

TEST(MemoryFiles, RenameAndRemoveNeedTheirDirectories) {
  MemoryFileSystem files;
  files.Put("tmp/a", "new");
  files.Put("out/a", "old");
  ASSERT_TRUE(files.Rename("tmp/a", "out/a").ok());
  EXPECT_THAT(files.AllFiles(), ElementsAre(Pair("out/a", "new")));
  files.Crash();
  EXPECT_THAT(files.AllFiles(), ElementsAre(Pair("out/a", "old"), Pair("tmp/a", "new")));
  ASSERT_TRUE(files.Rename("tmp/a", "out/a").ok());
  ASSERT_TRUE(files.SyncDirectory("out").ok());
  ASSERT_TRUE(files.SyncDirectory("tmp").ok());
  files.Crash();
  EXPECT_THAT(files.AllFiles(), ElementsAre(Pair("out/a", "new")));
  ASSERT_TRUE(files.Remove("out/a").ok());
  EXPECT_THAT(files.AllFiles(), IsEmpty());
  files.Crash();
  EXPECT_THAT(files.AllFiles(), ElementsAre(Pair("out/a", "new")));
}

TEST(MemoryFiles, DirectoriesAreEntriesToo) {
  MemoryFileSystem files;
  ASSERT_TRUE(files.MakeDirectory("d").ok());
  ASSERT_TRUE(WriteFile(&files, "d/f", "x", true).ok());
  ASSERT_TRUE(files.SyncDirectory("d").ok());
  EXPECT_THAT(files.DurableFiles(), IsEmpty()) << "d itself is not in the root yet";
  ASSERT_TRUE(files.SyncDirectory("").ok());
  EXPECT_THAT(files.DurableFiles(), ElementsAre(Pair("d/f", "x")));
}

TEST(MemoryFiles, FullDisk) {
  MemoryFileSystem files(1, {.capacity_octets = 10});
  auto file = *files.Create("f");
  EXPECT_TRUE(file->Append("1234567").ok());
  const absl::Status full = file->Append("89abcdef");
  EXPECT_EQ(full.code(), absl::StatusCode::kResourceExhausted);
  EXPECT_THAT(std::string(full.message()), HasSubstr("No space left"));
  EXPECT_EQ(files.AllFiles()["f"], "123456789a");
  EXPECT_EQ(file->Append("x").code(), absl::StatusCode::kResourceExhausted);
  EXPECT_EQ(files.faults(), 2u);
}

TEST(MemoryFiles, PlannedFaults) {
  MemoryFileSystem files;
  files.FailAt(FileOperation::kAppend, 2, EIO);
  files.FailAt(FileOperation::kRename, 1, EIO);
  files.FailAt(FileOperation::kCreate, 2, EACCES);
  auto file = *files.Create("f");
  EXPECT_EQ(files.Create("g").status().code(), absl::StatusCode::kPermissionDenied);
  EXPECT_TRUE(file->Append("whole").ok());
  EXPECT_EQ(file->Append("part").code(), absl::StatusCode::kInternal);
  const std::string content = files.AllFiles()["f"];
  EXPECT_EQ(content, std::string("wholepart").substr(0, content.size()));
  EXPECT_GE(content.size(), 5u);
  EXPECT_FALSE(files.Rename("f", "g").ok());
  EXPECT_TRUE(files.Exists("f"));
  EXPECT_TRUE(files.Rename("f", "g").ok()) << "once";
  EXPECT_EQ(files.faults(), 3u);
  files.FailAt(FileOperation::kRead, 1, EIO);
  const auto reader = files.Open("g");
  char octet = 0;
  EXPECT_EQ((*reader)->ReadAt(0, 1, &octet).status().code(), absl::StatusCode::kInternal);
  EXPECT_TRUE((*reader)->ReadAt(0, 1, &octet).ok());
}

TEST(MemoryFiles, ASyncAfterARenameFails) {
  MemoryFileSystem files;
  files.FailSyncAfterRenameTo("done", EIO);
  ASSERT_TRUE(files.MakeDirectory("run").ok());
  ASSERT_TRUE(files.SyncDirectory("").ok());
  EXPECT_TRUE(WriteFileAtomically(&files, "run/other", "x").ok());
  EXPECT_FALSE(WriteFileAtomically(&files, "run/done", "y").ok());
  EXPECT_EQ(files.faults(), 1u);
  EXPECT_TRUE(files.Exists("run/done")) << "whoever looks finds it";
  EXPECT_THAT(files.DurableFiles(), ElementsAre(Pair("run/other", "x")));
  EXPECT_TRUE(WriteFileAtomically(&files, "run/done", "z").ok()) << "once";
}

TEST(MemoryFiles, AFailedSyncLosesThePagesForGood) {
  MemoryFileSystem files;
  auto file = *files.Create("f");
  ASSERT_TRUE(files.SyncDirectory("").ok());
  ASSERT_TRUE(file->Append("data").ok());
  files.FailAt(FileOperation::kSync, 1, EIO);
  EXPECT_FALSE(file->Sync().ok());
  EXPECT_TRUE(file->Sync().ok()) << "the kernel says so";
  EXPECT_EQ(files.DurableFiles()["f"], "") << "and yet";
  ASSERT_TRUE(WriteFile(&files, "f", "anew", true).ok());
  EXPECT_EQ(files.DurableFiles()["f"], "anew");
}

TEST(MemoryFiles, Locks) {
  MemoryFileSystem files;
  ASSERT_TRUE(files.MakeDirectory("d").ok());
  auto lock = files.Lock("d");
  ASSERT_TRUE(lock.ok());
  EXPECT_EQ(files.Lock("d").status().code(), absl::StatusCode::kUnavailable);
  EXPECT_EQ(files.Lock("e").status().code(), absl::StatusCode::kNotFound);
  lock->reset();
  lock = files.Lock("d");
  EXPECT_TRUE(lock.ok());
  ASSERT_TRUE(files.SyncDirectory("").ok());
  files.Crash();
  const auto after = files.Lock("d");
  EXPECT_TRUE(after.ok());
  lock->reset();  // a lock of before the crash must not free the new one
  EXPECT_EQ(files.Lock("d").status().code(), absl::StatusCode::kUnavailable);
  EXPECT_THAT(files.AllFiles(), IsEmpty()) << "a lock leaves no file";
}

// Wherever the machine stops, a file that is written atomically is the old one or the new one.
TEST(MemoryFiles, HaltAtEveryPlaceOfAnAtomicWrite) {
  MemoryFileSystem counter;
  counter.Put("d/f", "old");
  ASSERT_TRUE(WriteFileAtomically(&counter, "d/f", "new").ok());
  const uint64_t operations = counter.mutating_operations();
  ASSERT_GE(operations, 5u);
  int old_ones = 0;
  int new_ones = 0;
  for (uint64_t place = 1; place <= operations + 1; ++place) {
    for (const bool partly : {false, true}) {
      MemoryFileSystem files(place);
      files.Put("d/f", "old");
      files.HaltAt(place);
      const bool written = WriteFileAtomically(&files, "d/f", "new").ok();
      EXPECT_EQ(written, !files.halted());
      partly ? files.CrashPartly() : files.Crash();
      EXPECT_FALSE(files.halted());
      const std::string content = files.AllFiles()["d/f"];
      EXPECT_TRUE(content == "new" || (content == "old" && !written)) << place << ": " << content;
      (content == "old" ? old_ones : new_ones) += 1;
    }
  }
  EXPECT_GT(old_ones, 0);
  EXPECT_GT(new_ones, 0);
}

TEST(MemoryFiles, CrashPartlyKeepsAPrefix) {
  int whole = 0;
  int partial = 0;
  for (uint64_t seed = 1; seed <= 200; ++seed) {
    MemoryFileSystem files(seed);
    auto file = *files.Create("f");
    ASSERT_TRUE(file->Append("kept").ok());
    ASSERT_TRUE(file->Sync().ok());
    ASSERT_TRUE(files.SyncDirectory("").ok());
    ASSERT_TRUE(file->Append("-tail").ok());
    files.CrashPartly();
    const std::string content = files.AllFiles()["f"];
    ASSERT_EQ(content, std::string("kept-tail").substr(0, content.size()));
    ASSERT_GE(content.size(), 4u);
    (content.size() == 9 ? whole : partial) += 1;
  }
  EXPECT_GT(whole, 0);
  EXPECT_GT(partial, 0);
}

TEST(MemoryFiles, RandomFaultsAreSeeded) {
  const auto run = [](uint64_t seed) {
    MemoryFileSystem files(seed, {.error_rate = 0.2});
    std::string trace;
    for (int i = 0; i < 200; ++i) trace += WriteFile(&files, "f" + std::to_string(i), "abc", true).ok() ? '+' : '-';
    return trace;
  };
  EXPECT_EQ(run(5), run(5));
  EXPECT_NE(run(5), run(6));
  EXPECT_THAT(run(5), HasSubstr("-"));
  EXPECT_THAT(run(5), HasSubstr("+"));
}

}  // namespace
}  // namespace mxscan::sim
