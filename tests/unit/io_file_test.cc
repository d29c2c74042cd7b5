#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>
#include <string>

#include "io/file.h"

namespace mxscan {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

class FileTest : public ::testing::Test {
 protected:
  FileTest() {
    std::string pattern = ::testing::TempDir() + "/io_file_XXXXXX";
    directory_ = mkdtemp(pattern.data());
  }
  ~FileTest() override { std::filesystem::remove_all(directory_); }

  std::string PathOf(const std::string& name) const { return directory_ + "/" + name; }

  FileSystem* const files_ = PosixFileSystem();
  std::string directory_;
};

// What the writer of a dataset does; 0 if all went well, else the code of the first error.
int WriteOctets(const std::string& path, size_t count, std::string* message) {
  auto file = PosixFileSystem()->Create(path);
  absl::Status status = file.status();
  if (status.ok()) status = (*file)->Append(std::string(count, 'x'));
  if (status.ok()) status = (*file)->Sync();
  if (file.ok()) {
    const absl::Status closed = (*file)->Close();
    if (status.ok()) status = closed;
  }
  *message = std::string(status.message());
  return static_cast<int>(status.code());
}

TEST_F(FileTest, AppendsAndReadsBack) {
  auto file = files_->Create(PathOf("a"));
  ASSERT_TRUE(file.ok()) << file.status();
  std::string expected;
  for (int i = 0; i < 100; ++i) {
    const std::string piece = std::to_string(i) + std::string(1, '\0') + std::string(i * 37, 'p');
    ASSERT_TRUE((*file)->Append(piece).ok());
    expected += piece;
  }
  ASSERT_TRUE((*file)->Append("").ok());
  ASSERT_TRUE((*file)->Sync().ok());
  ASSERT_TRUE((*file)->Close().ok());
  EXPECT_EQ(*ReadWholeFile(files_, PathOf("a")), expected);

  auto reader = files_->Open(PathOf("a"));
  ASSERT_TRUE(reader.ok());
  EXPECT_EQ((*reader)->size(), expected.size());
  char buffer[16];
  EXPECT_EQ(*(*reader)->ReadAt(1000, sizeof(buffer), buffer), sizeof(buffer));
  EXPECT_EQ(std::string(buffer, sizeof(buffer)), expected.substr(1000, sizeof(buffer)));
  EXPECT_EQ(*(*reader)->ReadAt(expected.size() - 3, sizeof(buffer), buffer), 3U);
  EXPECT_EQ(*(*reader)->ReadAt(expected.size() + 5, sizeof(buffer), buffer), 0U);
}

TEST_F(FileTest, CreateTruncates) {
  ASSERT_TRUE(WriteFileAtomically(files_, PathOf("a"), "a long old content").ok());
  auto file = files_->Create(PathOf("a"));
  ASSERT_TRUE(file.ok());
  ASSERT_TRUE((*file)->Append("new").ok());
  ASSERT_TRUE((*file)->Close().ok());
  EXPECT_EQ(*ReadWholeFile(files_, PathOf("a")), "new");
}

TEST_F(FileTest, UnclosedFileStaysAsItIs) {
  {
    auto file = files_->Create(PathOf("a"));
    ASSERT_TRUE((*file)->Append("part").ok());
  }
  EXPECT_EQ(*ReadWholeFile(files_, PathOf("a")), "part");
}

TEST_F(FileTest, MissingFilesAndDirectoriesAreNotFound) {
  for (const absl::Status& status :
       {files_->Open(PathOf("no")).status(), files_->Create(PathOf("no/file")).status(),
        files_->Rename(PathOf("no"), PathOf("b")), files_->Remove(PathOf("no")), files_->SyncDirectory(PathOf("no")),
        files_->List(PathOf("no")).status(), files_->Lock(PathOf("no")).status(),
        files_->MakeDirectory(PathOf("no/deeper")), WriteFileAtomically(files_, PathOf("no/file"), "x"),
        ReadWholeFile(files_, PathOf("no")).status()}) {
    EXPECT_EQ(status.code(), absl::StatusCode::kNotFound) << status;
    EXPECT_THAT(std::string(status.message()), HasSubstr(PathOf("no")));
    EXPECT_THAT(std::string(status.message()), HasSubstr("No such file or directory"));
  }
  EXPECT_THAT(*files_->List(directory_), IsEmpty());
}

TEST_F(FileTest, DirectoryWhereAFileWasExpected) {
  ASSERT_TRUE(files_->MakeDirectory(PathOf("d")).ok());
  EXPECT_EQ(files_->Create(PathOf("d")).status().code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_EQ(files_->Open(PathOf("d")).status().code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_EQ(ReadWholeFile(files_, PathOf("d")).status().code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_EQ(WriteFileAtomically(files_, PathOf("d"), "x").code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_THAT(*files_->List(directory_), ElementsAre("d"));  // and no temporary file
}

TEST_F(FileTest, FileWhereADirectoryWasExpected) {
  ASSERT_TRUE(WriteFileAtomically(files_, PathOf("f"), "x").ok());
  EXPECT_EQ(files_->MakeDirectory(PathOf("f")).code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_EQ(files_->SyncDirectory(PathOf("f")).code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_EQ(files_->Lock(PathOf("f")).status().code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_EQ(files_->List(PathOf("f")).status().code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_EQ(files_->Create(PathOf("f/g")).status().code(), absl::StatusCode::kFailedPrecondition);
}

TEST_F(FileTest, DirectoriesAreMadeListedAndRemoved) {
  EXPECT_TRUE(files_->MakeDirectory(PathOf("d")).ok());
  EXPECT_TRUE(files_->MakeDirectory(PathOf("d")).ok());
  for (const char* name : {"c", "a", ".hidden", "b"}) {
    ASSERT_TRUE(WriteFileAtomically(files_, PathOf("d/") + name, name).ok());
  }
  EXPECT_THAT(*files_->List(PathOf("d")), ElementsAre(".hidden", "a", "b", "c"));
  EXPECT_TRUE(files_->SyncDirectory(PathOf("d")).ok());
  EXPECT_EQ(files_->Remove(PathOf("d")).code(), absl::StatusCode::kAlreadyExists);  // not empty
  for (const char* name : {"c", "a", ".hidden", "b"}) EXPECT_TRUE(files_->Remove(PathOf("d/") + name).ok());
  EXPECT_TRUE(files_->Remove(PathOf("d")).ok());
  EXPECT_FALSE(files_->Exists(PathOf("d")));
}

TEST_F(FileTest, RenameReplaces) {
  ASSERT_TRUE(WriteFileAtomically(files_, PathOf("a"), "1").ok());
  ASSERT_TRUE(WriteFileAtomically(files_, PathOf("b"), "2").ok());
  ASSERT_TRUE(files_->Rename(PathOf("a"), PathOf("b")).ok());
  EXPECT_FALSE(files_->Exists(PathOf("a")));
  EXPECT_TRUE(files_->Exists(PathOf("b")));
  EXPECT_EQ(*ReadWholeFile(files_, PathOf("b")), "1");
}

TEST_F(FileTest, WholeFilesOfAllSizes) {
  for (const size_t size : {0, 1, 4095, 4096, 4097, 100000}) {
    const std::string content(size, 'z');
    ASSERT_TRUE(WriteFileAtomically(files_, PathOf("a"), content).ok());
    EXPECT_EQ(*ReadWholeFile(files_, PathOf("a")), content);
  }
  EXPECT_THAT(*files_->List(directory_), ElementsAre("a"));
  // A file that says it has no octets and yet has some.
  EXPECT_THAT(*ReadWholeFile(files_, "/proc/self/stat"), HasSubstr(std::to_string(getpid())));
}

TEST_F(FileTest, LockExcludesAndLeavesNoFile) {
  auto first = files_->Lock(directory_);
  ASSERT_TRUE(first.ok()) << first.status();
  const auto second = files_->Lock(directory_ + "/.");
  EXPECT_EQ(second.status().code(), absl::StatusCode::kUnavailable) << second.status();
  EXPECT_THAT(std::string(second.status().message()), HasSubstr(directory_));
  EXPECT_THAT(*files_->List(directory_), IsEmpty());
  // Files may be renamed over and synced in a locked directory.
  EXPECT_TRUE(WriteFileAtomically(files_, PathOf("a"), "x").ok());
  first->reset();
  EXPECT_TRUE(files_->Lock(directory_).ok());
}

TEST_F(FileTest, LockExcludesOtherProcessesAndDiesWithItsHolder) {
  int ready[2];
  int release[2];
  ASSERT_EQ(pipe(ready), 0);
  ASSERT_EQ(pipe(release), 0);
  const pid_t child = fork();
  if (child == 0) {
    auto lock = PosixFileSystem()->Lock(directory_);
    char octet = lock.ok() ? 'y' : 'n';
    if (write(ready[1], &octet, 1) != 1 || read(release[0], &octet, 1) != 1) _exit(1);
    _exit(0);  // without unlocking
  }
  char octet = 0;
  ASSERT_EQ(read(ready[0], &octet, 1), 1);
  EXPECT_EQ(octet, 'y');
  EXPECT_EQ(files_->Lock(directory_).status().code(), absl::StatusCode::kUnavailable);
  ASSERT_EQ(write(release[1], &octet, 1), 1);
  int exit_status = 0;
  ASSERT_EQ(waitpid(child, &exit_status, 0), child);
  EXPECT_EQ(exit_status, 0);
  EXPECT_TRUE(files_->Lock(directory_).ok());
  for (const int fd : {ready[0], ready[1], release[0], release[1]}) close(fd);
}

TEST_F(FileTest, FullDeviceIsResourceExhausted) {
  std::string message;
  EXPECT_EQ(WriteOctets("/dev/full", 100, &message), static_cast<int>(absl::StatusCode::kResourceExhausted));
  EXPECT_THAT(message, HasSubstr("/dev/full"));
  EXPECT_THAT(message, HasSubstr("No space left on device"));
}

// With a limit on the file's size a write is first cut short and then refused, as on a disk that fills up.
TEST_F(FileTest, WriteCutShortIsNoticed) {
  const std::string path = PathOf("a");
  const pid_t child = fork();
  if (child == 0) {
    signal(SIGXFSZ, SIG_IGN);
    const rlimit limit{10000, 10000};
    if (setrlimit(RLIMIT_FSIZE, &limit) != 0) _exit(100);
    std::string message;
    const int code = WriteOctets(path, 15000, &message);
    _exit(message.find(path) == std::string::npos ? 101 : code);
  }
  int exit_status = 0;
  ASSERT_EQ(waitpid(child, &exit_status, 0), child);
  ASSERT_TRUE(WIFEXITED(exit_status));
  EXPECT_EQ(WEXITSTATUS(exit_status), static_cast<int>(absl::StatusCode::kResourceExhausted));
  EXPECT_EQ(ReadWholeFile(files_, path)->size(), 10000U);
}

TEST_F(FileTest, AnAtomicFileIsSeenAsAWholeOrNotAtAll) {
  ASSERT_TRUE(WriteFileAtomically(files_, PathOf("a"), "old").ok());
  {
    const auto file = AtomicFile::Create(files_, PathOf("a"));
    ASSERT_TRUE(file.ok());
    ASSERT_TRUE((*file)->Append("given ").ok());
    ASSERT_TRUE((*file)->Append("up").ok());
    EXPECT_FALSE((*file)->in_place());
    EXPECT_EQ(*ReadWholeFile(files_, PathOf("a")), "old");
  }
  EXPECT_EQ(*ReadWholeFile(files_, PathOf("a")), "old");
  EXPECT_THAT(*files_->List(directory_), ElementsAre("a"));
  {
    const auto file = AtomicFile::Create(files_, PathOf("a"));
    ASSERT_TRUE(file.ok());
    ASSERT_TRUE((*file)->Append("new ").ok());
    ASSERT_TRUE((*file)->Append("content").ok());
    ASSERT_TRUE((*file)->Commit().ok());
    EXPECT_TRUE((*file)->in_place());
  }
  EXPECT_EQ(*ReadWholeFile(files_, PathOf("a")), "new content");
  EXPECT_THAT(*files_->List(directory_), ElementsAre("a"));
}

TEST_F(FileTest, FailedAtomicWriteLeavesTheOldContent) {
  const std::string path = PathOf("a");
  ASSERT_TRUE(WriteFileAtomically(files_, path, "old").ok());
  const pid_t child = fork();
  if (child == 0) {
    signal(SIGXFSZ, SIG_IGN);
    const rlimit limit{100, 100};
    if (setrlimit(RLIMIT_FSIZE, &limit) != 0) _exit(100);
    _exit(static_cast<int>(WriteFileAtomically(PosixFileSystem(), path, std::string(200, 'n')).code()));
  }
  int exit_status = 0;
  ASSERT_EQ(waitpid(child, &exit_status, 0), child);
  ASSERT_TRUE(WIFEXITED(exit_status));
  EXPECT_EQ(WEXITSTATUS(exit_status), static_cast<int>(absl::StatusCode::kResourceExhausted));
  EXPECT_EQ(*ReadWholeFile(files_, path), "old");
  EXPECT_THAT(*files_->List(directory_), ElementsAre("a"));
}

}  // namespace
}  // namespace mxscan
