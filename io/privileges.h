// What a process may do, given up: another user, no capabilities, no way back, and a fence around its files.
//
// Purpose: a program that reads packets of strangers for days needs little: its sockets, the files it reads, one
// directory to write to. Started as root it becomes an ordinary user in two steps, ActForFilesAs (so that what it makes
// from now on belongs to that user, while sockets are still made with root's rights) and BecomeUser, which is for good.
// RaiseFence keeps any user's process to the files named, where the kernel has Landlock of version 2 (Linux 5.19; man
// landlock(7)).
// Thread safety: before other threads are started, which inherit what was given up; the fence and the file identity
// hold for the calling thread. Errors: a Status with the system's words; after an error of BecomeUser the process may
// be anything between and should end.
#ifndef MXSCAN_IO_PRIVILEGES_H_
#define MXSCAN_IO_PRIVILEGES_H_

#include <sys/types.h>

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "io/unique_fd.h"

namespace mxscan {

struct UserId {
  uid_t uid = 0;
  gid_t gid = 0;
  std::string name;  // the number as text where it has none
};

bool RunsAsRoot();      // effective user 0
uid_t OwnerOf(int fd);  // of an open file; root where it cannot be told
UniqueFd DuplicateDescriptor(int fd);
absl::StatusOr<UniqueFd> OpenDirectory(const std::string& path);  // for a Fence
// The directories through which a file is reached by its path: the one that the path names and, where the last part is
// a symbolic link, the one it leads to.
std::vector<std::string> DirectoriesOf(const std::string& path);
// By name or number; kNotFound where there is none of that name.
absl::StatusOr<UserId> FindUser(const std::string& name_or_number);
// Who should own the files of a new directory: the owner of the directory where it exists, else of its parent; where
// that is root, the user nobody.
UserId UserForDirectory(const std::string& directory);

UserId NobodyUser();
UserId RootUser();
// Whose word a file is that root is asked to act on: the ordinary user who owns the open directory that it lies in, or
// it itself (of a symbolic link, not of what it leads to). None where both are root's, or nobody's in a place where
// only root makes directories: then a process that root had started gave itself up there.
std::optional<UserId> AuthorOf(int directory, const std::string& file);

// From now on files are reached and made as that user, without supplementary groups; all else stays root's.
absl::Status ActForFilesAs(const UserId& user);
// The same, back to root: what was not made for good.
absl::Status ActForFilesAsRoot();
// For good: all user and group ids.
absl::Status BecomeUser(const UserId& user);
enum class Renounced : uint8_t {
  kAll,
  kAllButWriting,  // CAP_DAC_OVERRIDE stays: for root that writes where another user owns
};
// Gives up capabilities, also those that a program started later could gain (no_new_privs). For anyone.
absl::Status RenounceCapabilities(Renounced renounced = Renounced::kAll);

// A directory that `user` can write to, open, however hard its path is to reach for that user. Where it does not exist
// it is made, as that user's; one that exists keeps its owner. Root's rights follow a symbolic link only where root
// alone can have put it. kPermissionDenied where the user cannot write there. Called between ActForFilesAs and
// BecomeUser; or for user 0, who stays what it is but is about to give up its capabilities.
absl::StatusOr<UniqueFd> OpenDirectoryFor(const UserId& user, const std::string& directory);

// The version of Landlock that the kernel offers; 0: none.
int LandlockVersion();
// Version 1 (Linux 5.13) denies every move from one directory to another, which is how a part of the dataset is
// committed, and has no right that would allow it.
inline constexpr int kLandlockVersionMin = 2;
// What a fence denies under that version, as bits of LANDLOCK_ACCESS_FS_*; 0: there can be none.
uint64_t FencedRights(int landlock_version);
struct Fence {
  std::vector<int> writable;          // open directories: all beneath may be read, made, changed, removed
  std::vector<std::string> readable;  // files, and directories with all beneath; what does not exist is left out
};
// No file elsewhere can be opened, made or removed any more; what is open stays so. True where the kernel does it.
absl::StatusOr<bool> RaiseFence(const Fence& fence);
// What libraries may want to read at any time: "/usr", "/etc", ...
std::vector<std::string> SystemDirectories();

}  // namespace mxscan

#endif  // MXSCAN_IO_PRIVILEGES_H_
