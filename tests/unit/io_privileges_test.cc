// Rights given up, each in a child process of its own, since there is no way back. What only root can do is tested as
// root; tests/real/privileges_test.py looks at the whole program from outside.
#include "io/privileges.h"

#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <fstream>
#include <functional>
#include <string>

#include "gtest/gtest.h"
#include "io/file.h"
#include "tests/unit/output_testing.h"

namespace mxscan {
namespace {

constexpr uid_t kStranger = 54321;

// Runs `body` in a child; returns the number of the line that it gave back, 0 where all was well.
int InChild(const std::function<int()>& body) {
  const pid_t child = fork();
  if (child == 0) _exit(body());
  int status = 0;
  if (child < 0 || waitpid(child, &status, 0) != child || !WIFEXITED(status)) return -1;
  return WEXITSTATUS(status);
}
// Line numbers do not fit an exit status: a case is numbered by hand.
#define REQUIRE_OR_RETURN(number, condition) \
  if (!(condition)) return number

int ErrorOfOpen(const std::string& path, int flags) {
  const int fd = open(path.c_str(), flags | O_CLOEXEC, 0666);
  if (fd < 0) return errno;
  close(fd);
  return 0;
}

class PrivilegesTest : public testing::Test {
 protected:
  PrivilegesTest() {
    std::filesystem::create_directories(scratch_.path("out/deep"));
    std::ofstream(scratch_.path("secret")) << "x";
    std::ofstream(scratch_.path("list")) << "x";
  }
  output_testing::ScratchDirectory scratch_;
};

TEST_F(PrivilegesTest, TheFenceKeepsFilesApart) {
  if (LandlockVersion() < kLandlockVersionMin) GTEST_SKIP() << "this kernel has no Landlock that a fence is made of";
  EXPECT_EQ(InChild([&] {
              absl::StatusOr<UniqueFd> directory = OpenDirectory(scratch_.path("out"));
              REQUIRE_OR_RETURN(1, directory.ok());
              const int open_before = open(scratch_.path("secret").c_str(), O_RDWR);
              const absl::StatusOr<bool> raised = RaiseFence(
                  {.writable = {directory->get()}, .readable = {scratch_.path("list"), scratch_.path("no such file")}});
              REQUIRE_OR_RETURN(2, raised.ok() && *raised);
              // The dataset's directory.
              REQUIRE_OR_RETURN(3, ErrorOfOpen(scratch_.path("out/deep/new"), O_RDWR | O_CREAT) == 0);
              REQUIRE_OR_RETURN(4, ErrorOfOpen(scratch_.path("out/deep/new"), O_WRONLY | O_TRUNC) == 0);
              REQUIRE_OR_RETURN(5, mkdir(scratch_.path("out/more").c_str(), 0777) == 0);
              REQUIRE_OR_RETURN(
                  6, rename(scratch_.path("out/deep/new").c_str(), scratch_.path("out/more/old").c_str()) == 0);
              REQUIRE_OR_RETURN(7, unlink(scratch_.path("out/more/old").c_str()) == 0);
              REQUIRE_OR_RETURN(8, ErrorOfOpen(scratch_.path("out"), O_RDONLY | O_DIRECTORY) == 0);
              // What may be read.
              REQUIRE_OR_RETURN(9, ErrorOfOpen(scratch_.path("list"), O_RDONLY) == 0);
              REQUIRE_OR_RETURN(10, ErrorOfOpen(scratch_.path("list"), O_WRONLY) == EACCES);
              // Everything else.
              REQUIRE_OR_RETURN(11, ErrorOfOpen(scratch_.path("secret"), O_RDONLY) == EACCES);
              REQUIRE_OR_RETURN(12, ErrorOfOpen(scratch_.path("new"), O_WRONLY | O_CREAT) == EACCES);
              REQUIRE_OR_RETURN(13, unlink(scratch_.path("secret").c_str()) != 0 && errno == EACCES);
              REQUIRE_OR_RETURN(14, mkdir(scratch_.path("beside").c_str(), 0777) != 0 && errno == EACCES);
              REQUIRE_OR_RETURN(15, ErrorOfOpen("/etc/passwd", O_RDONLY) == EACCES);
              // What was open stays open.
              char octet = 0;
              REQUIRE_OR_RETURN(16, read(open_before, &octet, 1) == 1 && octet == 'x');
              REQUIRE_OR_RETURN(17, prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 1);
              return 0;
            }),
            0);
}

// Parts of a dataset move from one directory to another: a fence must name that right, to be able to allow it.
TEST(FenceTest, NoneBelowTheVersionThatCanAllowMoves) {
  constexpr uint64_t kRefer = uint64_t{1} << 13;  // LANDLOCK_ACCESS_FS_REFER
  constexpr uint64_t kTruncate = uint64_t{1} << 14;
  for (const int version : {-1, 0, 1}) EXPECT_EQ(FencedRights(version), 0u) << version;
  EXPECT_EQ(FencedRights(2), (kRefer << 1) - 1) << "truncating cannot be denied there yet";
  for (const int version : {3, 4, 7, 99}) EXPECT_EQ(FencedRights(version), (kTruncate << 1) - 1) << version;
}

TEST_F(PrivilegesTest, NothingCanBeGained) {
  EXPECT_EQ(InChild([] {
              REQUIRE_OR_RETURN(1, RenounceCapabilities().ok());
              REQUIRE_OR_RETURN(2, prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 1);
              std::ifstream status("/proc/self/status");
              for (std::string line; std::getline(status, line);) {
                if (line.starts_with("CapEff:") || line.starts_with("CapPrm:") || line.starts_with("CapInh:")) {
                  REQUIRE_OR_RETURN(3, line.find_first_not_of('0', 8) == std::string::npos);
                }
              }
              return 0;
            }),
            0);
}

TEST_F(PrivilegesTest, RootBecomesAnotherForGood) {
  if (!RunsAsRoot()) GTEST_SKIP() << "only root can become another user";
  EXPECT_EQ(InChild([] {
              const UserId user{kStranger, kStranger, "stranger"};
              REQUIRE_OR_RETURN(1, ActForFilesAs(user).ok());
              REQUIRE_OR_RETURN(2, geteuid() == 0);
              REQUIRE_OR_RETURN(3, ErrorOfOpen("/etc/shadow", O_RDONLY) == EACCES);
              REQUIRE_OR_RETURN(4, BecomeUser(user).ok());
              REQUIRE_OR_RETURN(5, getuid() == kStranger && geteuid() == kStranger && getegid() == kStranger);
              REQUIRE_OR_RETURN(6, getgroups(0, nullptr) == 0);
              REQUIRE_OR_RETURN(7, setuid(0) != 0 && seteuid(0) != 0 && setgid(0) != 0);
              REQUIRE_OR_RETURN(8, RenounceCapabilities().ok());
              REQUIRE_OR_RETURN(9, !BecomeUser({0, 0, "root"}).ok());
              return 0;
            }),
            0);
}

// The directory's path leads through one that the user may not enter.
TEST_F(PrivilegesTest, ADirectoryOutOfReachIsWrittenThroughItsDescriptor) {
  if (!RunsAsRoot()) GTEST_SKIP() << "only root can become another user";
  ASSERT_EQ(chmod(scratch_.path("").c_str(), 0700), 0);
  std::filesystem::remove_all(scratch_.path("out/deep"));
  ASSERT_EQ(chown(scratch_.path("out").c_str(), kStranger, kStranger), 0);
  for (const char* name : {"made", "out"}) {  // one that is new, one that exists
    const std::string path = scratch_.path(name);
    EXPECT_EQ(InChild([&] {
                const UserId user{kStranger, kStranger, "stranger"};
                REQUIRE_OR_RETURN(1, ActForFilesAs(user).ok());
                absl::StatusOr<UniqueFd> directory = OpenDirectoryFor(user, path);
                REQUIRE_OR_RETURN(2, directory.ok());
                REQUIRE_OR_RETURN(3, OwnerOf(directory->get()) == kStranger);
                const std::unique_ptr<FileSystem> files = AnchoredFileSystem(path, *std::move(directory));
                REQUIRE_OR_RETURN(4, BecomeUser(user).ok());
                REQUIRE_OR_RETURN(5, !PosixFileSystem()->Exists(path) && files->Exists(path));
                REQUIRE_OR_RETURN(6, files->Lock(path).ok());
                REQUIRE_OR_RETURN(7, files->MakeDirectory(path + "/sub").ok() && files->MakeDirectory(path).ok());
                REQUIRE_OR_RETURN(8, WriteFileAtomically(files.get(), path + "/sub/file", "content").ok());
                REQUIRE_OR_RETURN(9, files->Rename(path + "/sub/file", path + "/file").ok());
                REQUIRE_OR_RETURN(10, *ReadWholeFile(files.get(), path + "/file") == "content");
                REQUIRE_OR_RETURN(11, files->Remove(path + "/sub").ok());
                REQUIRE_OR_RETURN(12, *files->List(path) == std::vector<std::string>{"file"});
                REQUIRE_OR_RETURN(13, files->SyncDirectory(path).ok());
                // Errors tell the path as it was given, and what lies beside is not meant.
                const absl::Status missing = files->Open(path + "/none").status();
                REQUIRE_OR_RETURN(14, std::string(missing.message()).find(path + "/none") != std::string::npos);
                REQUIRE_OR_RETURN(15, !files->Exists(path + "-beside") && !files->Exists(path + "/../secret"));
                return 0;
              }),
              0)
        << name;
    struct stat status {};
    ASSERT_EQ(stat((path + "/file").c_str(), &status), 0);
    EXPECT_EQ(status.st_uid, kStranger);
  }
}

// Who owns a file, itself where it is a link; -1 where there is none.
int OwnerOfPath(const std::string& path) {
  struct stat status {};
  return lstat(path.c_str(), &status) == 0 ? static_cast<int>(status.st_uid) : -1;
}

TEST_F(PrivilegesTest, ADirectoryThatExistsKeepsItsOwner) {
  if (!RunsAsRoot()) GTEST_SKIP() << "only root can become another user";
  ASSERT_EQ(chmod(scratch_.path("").c_str(), 0711), 0);
  ASSERT_EQ(mkdir(scratch_.path("empty").c_str(), 0755), 0);
  ASSERT_EQ(mkdir(scratch_.path("closed").c_str(), 0700), 0);
  ASSERT_EQ(mkdir(scratch_.path("shared").c_str(), 0777), 0);
  ASSERT_EQ(chmod(scratch_.path("shared").c_str(), 0777), 0);
  EXPECT_EQ(InChild([&] {
              const UserId user{kStranger, kStranger, "stranger"};
              REQUIRE_OR_RETURN(1, ActForFilesAs(user).ok());
              int number = 2;
              for (const char* name : {"out", "empty", "closed"}) {
                const absl::Status status = OpenDirectoryFor(user, scratch_.path(name)).status();
                REQUIRE_OR_RETURN(number, absl::IsPermissionDenied(status));
                REQUIRE_OR_RETURN(number + 1, std::string(status.message()).find("stranger") != std::string::npos);
                number += 2;
              }
              REQUIRE_OR_RETURN(8, OpenDirectoryFor(user, scratch_.path("shared")).ok());
              REQUIRE_OR_RETURN(9, !OpenDirectoryFor(user, "/proc/none/out").ok());
              // The user acts with no more rights than before.
              REQUIRE_OR_RETURN(10, ErrorOfOpen(scratch_.path("closed/new"), O_WRONLY | O_CREAT) == EACCES);
              return 0;
            }),
            0);
  for (const char* name : {"out", "empty", "closed", "shared"}) EXPECT_EQ(OwnerOfPath(scratch_.path(name)), 0) << name;
}

// Whoever owns a place where root is told to make the dataset may have put links there.
TEST_F(PrivilegesTest, RootFollowsNobodysLink) {
  if (!RunsAsRoot()) GTEST_SKIP() << "only root can become another user";
  ASSERT_EQ(chmod(scratch_.path("").c_str(), 0755), 0);
  const std::string home = scratch_.path("home");
  ASSERT_EQ(mkdir(home.c_str(), 0755), 0);
  for (const char* name : {"open", "closed"}) {
    const std::string target = scratch_.path(name);
    ASSERT_EQ(mkdir(target.c_str(), name == std::string("open") ? 0755 : 0700), 0);
    ASSERT_EQ(symlink(target.c_str(), (home + "/" + name).c_str()), 0);
    ASSERT_EQ(lchown((home + "/" + name).c_str(), kStranger, kStranger), 0);
  }
  ASSERT_EQ(symlink((scratch_.path("open") + "/dangling").c_str(), (home + "/dangling").c_str()), 0);
  ASSERT_EQ(chown(home.c_str(), kStranger, kStranger), 0);
  EXPECT_EQ(InChild([&] {
              const UserId user{kStranger, kStranger, "stranger"};
              REQUIRE_OR_RETURN(1, ActForFilesAs(user).ok());
              REQUIRE_OR_RETURN(2, !OpenDirectoryFor(user, home + "/open").ok());
              REQUIRE_OR_RETURN(3, !OpenDirectoryFor(user, home + "/closed").ok());
              REQUIRE_OR_RETURN(4, !OpenDirectoryFor(user, home + "/open/new").ok());
              REQUIRE_OR_RETURN(5, !OpenDirectoryFor(user, home + "/closed/new").ok());
              REQUIRE_OR_RETURN(6, !OpenDirectoryFor(user, home + "/dangling").ok());
              REQUIRE_OR_RETURN(7, !OpenDirectoryFor(user, home + "/./open/../open/new").ok());
              REQUIRE_OR_RETURN(8, OpenDirectoryFor(user, home + "/new").ok());
              return 0;
            }),
            0);
  for (const char* name : {"open", "closed"}) {
    EXPECT_EQ(OwnerOfPath(scratch_.path(name)), 0) << name;
    EXPECT_TRUE(std::filesystem::is_empty(scratch_.path(name))) << name;
  }
  EXPECT_EQ(OwnerOfPath(home + "/new"), static_cast<int>(kStranger));
}

TEST_F(PrivilegesTest, RootFollowsItsOwnLinks) {
  if (!RunsAsRoot()) GTEST_SKIP() << "only root can become another user";
  ASSERT_EQ(chmod(scratch_.path("").c_str(), 0700), 0);
  ASSERT_EQ(symlink("out/./deep//", scratch_.path("short").c_str()), 0);
  ASSERT_EQ(symlink("short", scratch_.path("shorter").c_str()), 0);
  ASSERT_EQ(symlink("loop", scratch_.path("loop").c_str()), 0);
  EXPECT_EQ(InChild([&] {
              REQUIRE_OR_RETURN(1, chdir(scratch_.path("").c_str()) == 0);  // the way to here is others' to write to
              const UserId user{kStranger, kStranger, "stranger"};
              REQUIRE_OR_RETURN(2, ActForFilesAs(user).ok());
              REQUIRE_OR_RETURN(3, OpenDirectoryFor(user, "shorter/../deep/new").ok());
              REQUIRE_OR_RETURN(4, !OpenDirectoryFor(user, "loop/new").ok());
              REQUIRE_OR_RETURN(5, !OpenDirectoryFor(user, "none/new").ok());
              REQUIRE_OR_RETURN(6, !OpenDirectoryFor(user, "list/new").ok());
              return 0;
            }),
            0);
  EXPECT_EQ(OwnerOfPath(scratch_.path("out/deep/new")), static_cast<int>(kStranger));
}

TEST_F(PrivilegesTest, UsersByNameAndNumber) {
  EXPECT_NE(NobodyUser().uid, 0u);
  EXPECT_EQ(FindUser("root")->uid, 0u);
  EXPECT_EQ(FindUser("0")->name, "root");
  EXPECT_EQ(FindUser("54321")->uid, kStranger);
  EXPECT_EQ(FindUser("no-such-user").status().code(), absl::StatusCode::kNotFound);
  EXPECT_FALSE(FindUser("").ok());
  EXPECT_FALSE(FindUser("4294967295").ok()) << "no user but 'unchanged' to the kernel";
  EXPECT_EQ(UserForDirectory("/etc/none").uid, NobodyUser().uid);
}

TEST_F(PrivilegesTest, WhoOwnsAPlaceOwnsANewDirectoryThere) {
  if (!RunsAsRoot()) GTEST_SKIP() << "only root can give a directory away";
  ASSERT_EQ(chown(scratch_.path("").c_str(), kStranger, 7), 0);
  EXPECT_EQ(UserForDirectory(scratch_.path("new")).uid, kStranger);
  EXPECT_EQ(UserForDirectory(scratch_.path("new")).gid, 7u);
  ASSERT_EQ(chown(scratch_.path("out").c_str(), kStranger + 1, 8), 0);
  EXPECT_EQ(UserForDirectory(scratch_.path("out")).uid, kStranger + 1);
}

}  // namespace
}  // namespace mxscan
