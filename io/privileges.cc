#include "io/privileges.h"

#include <dirent.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/capability.h>
#include <linux/landlock.h>
#include <pwd.h>
#include <sys/fsuid.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <cstdlib>
#include <memory>

#include "absl/strings/str_cat.h"
#include "io/system_error.h"

namespace mxscan {
namespace {

constexpr uid_t kNobody = 65534;  // where the user database does not say

// What getpwnam_r and getpwuid_r have in common.
template <typename Key>
bool LookUp(int (*call)(Key, passwd*, char*, size_t, passwd**), Key key, UserId* user) {
  std::vector<char> buffer(16 << 10);
  passwd entry;
  passwd* found = nullptr;
  if (call(key, &entry, buffer.data(), buffer.size(), &found) != 0 || found == nullptr) return false;
  *user = {found->pw_uid, found->pw_gid, found->pw_name};
  return true;
}

UserId UserOf(uid_t uid, gid_t gid) {
  UserId user;
  if (LookUp(getpwuid_r, uid, &user)) return user;
  return {uid, gid, absl::StrCat(uid)};
}

std::string ParentOf(const std::string& path) {
  const size_t slash = path.find_last_of('/');
  if (slash == std::string::npos) return ".";
  return slash == 0 ? "/" : path.substr(0, slash);
}

void SyncParent(const std::string& path) {
  const UniqueFd parent(open(ParentOf(path).c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (parent.valid()) fsync(parent.get());  // as well as this user can
}

bool IsEmptyDirectory(int fd) {
  const std::unique_ptr<DIR, int (*)(DIR*)> directory(fdopendir(dup(fd)), closedir);
  if (directory == nullptr) return false;
  rewinddir(directory.get());
  while (const dirent* const entry = readdir(directory.get())) {
    const std::string_view name = entry->d_name;
    if (name != "." && name != "..") return false;
  }
  return true;
}

// The calls have no error: they return what was before.
bool SetFileIds(uid_t uid, gid_t gid) {
  setfsgid(gid);
  setfsuid(uid);
  const auto nothing = static_cast<uid_t>(-1);
  return static_cast<gid_t>(setfsgid(nothing)) == gid && static_cast<uid_t>(setfsuid(nothing)) == uid;
}

constexpr uint64_t kReadRights = LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_READ_DIR;
// The bounding set takes a capability to lower; without that there is nothing that could be gained anyway.
void EmptyBoundingSet() {
  for (unsigned long capability = 0; prctl(PR_CAPBSET_DROP, capability, 0, 0, 0) == 0; ++capability) {
  }
}

// Of version 1; what later versions can deny beside these (truncating, moving between directories, ioctls of devices)
// is added by its number where the kernel knows it, since older headers do not.
constexpr uint64_t kRightsOfVersion1 = (uint64_t{1} << 13) - 1;
constexpr uint64_t kRefer = uint64_t{1} << 13;     // version 2
constexpr uint64_t kTruncate = uint64_t{1} << 14;  // version 3
// A right to a directory only; rules about a file must not name it.
constexpr uint64_t kFileRights = LANDLOCK_ACCESS_FS_READ_FILE;

bool AllowBeneath(int ruleset, int fd, uint64_t rights) {
  landlock_path_beneath_attr rule = {};
  rule.allowed_access = rights;
  rule.parent_fd = fd;
  return syscall(SYS_landlock_add_rule, ruleset, LANDLOCK_RULE_PATH_BENEATH, &rule, 0) == 0;
}

}  // namespace

uid_t OwnerOf(int fd) {
  struct stat status {};
  return fstat(fd, &status) == 0 ? status.st_uid : 0;
}

UniqueFd DuplicateDescriptor(int fd) { return UniqueFd(fcntl(fd, F_DUPFD_CLOEXEC, 0)); }

absl::StatusOr<UniqueFd> OpenDirectory(const std::string& path) {
  UniqueFd fd(open(path.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
  if (!fd.valid()) return SystemError("open directory " + path, errno);
  return fd;
}

std::vector<std::string> DirectoriesOf(const std::string& path) {
  std::vector<std::string> directories = {ParentOf(path)};
  const std::unique_ptr<char, void (*)(void*)> real(realpath(path.c_str(), nullptr), std::free);
  if (real != nullptr && ParentOf(real.get()) != directories[0]) directories.push_back(ParentOf(real.get()));
  return directories;
}

bool RunsAsRoot() { return geteuid() == 0; }

absl::StatusOr<UserId> FindUser(const std::string& name_or_number) {
  UserId user;
  if (LookUp(getpwnam_r, name_or_number.c_str(), &user)) return user;
  uid_t uid = 0;
  const char* const end = name_or_number.data() + name_or_number.size();
  const std::from_chars_result result = std::from_chars(name_or_number.data(), end, uid);
  if (!name_or_number.empty() && result.ec == std::errc() && result.ptr == end && uid != static_cast<uid_t>(-1)) {
    return UserOf(uid, uid);
  }
  return absl::NotFoundError(absl::StrCat("there is no user '", name_or_number, "'"));
}

UserId UserForDirectory(const std::string& directory) {
  struct stat status {};
  for (const std::string& path : {directory, ParentOf(directory)}) {
    if (stat(path.c_str(), &status) == 0 && status.st_uid != 0) return UserOf(status.st_uid, status.st_gid);
  }
  return NobodyUser();
}

UserId NobodyUser() {
  UserId nobody;
  if (LookUp(getpwnam_r, "nobody", &nobody) && nobody.uid != 0) return nobody;
  return {kNobody, kNobody, "nobody"};
}

std::optional<UserId> AuthorOf(int directory, const std::string& file) {
  struct stat above {};
  const bool only_root_makes_it =
      fstatat(directory, "..", &above, 0) == 0 && above.st_uid == 0 && (above.st_mode & (S_IWGRP | S_IWOTH)) == 0;
  const uid_t nobody = NobodyUser().uid;
  for (const char* const name : {".", file.c_str()}) {
    struct stat status {};
    if (fstatat(directory, name, &status, AT_SYMLINK_NOFOLLOW) != 0 || status.st_uid == 0) continue;
    if (status.st_uid != nobody || !only_root_makes_it) return UserOf(status.st_uid, status.st_gid);
  }
  return std::nullopt;
}

absl::Status ActForFilesAs(const UserId& user) {
  const std::string what = absl::StrCat("become user ", user.name);
  if (setgroups(0, nullptr) != 0) return SystemError(what, errno);
  if (SetFileIds(user.uid, user.gid)) return absl::OkStatus();
  SetFileIds(0, 0);
  return SystemError(what, EPERM);
}

absl::Status ActForFilesAsRoot() {
  return SetFileIds(0, 0) ? absl::OkStatus() : SystemError("act as root again", EPERM);
}

absl::Status BecomeUser(const UserId& user) {
  const std::string what = absl::StrCat("become user ", user.name);
  EmptyBoundingSet();
  if (setgroups(0, nullptr) != 0) return SystemError(what, errno);
  if (setresgid(user.gid, user.gid, user.gid) != 0 || setresuid(user.uid, user.uid, user.uid) != 0) {
    return SystemError(what, errno);
  }
  uid_t real = 0;
  uid_t effective = 0;
  uid_t saved = 0;
  if (getresuid(&real, &effective, &saved) != 0) return SystemError(what, errno);
  const bool way_back = user.uid != 0 && (setuid(0) == 0 || setreuid(0, 0) == 0);
  if (real != user.uid || effective != user.uid || saved != user.uid || getgroups(0, nullptr) != 0 || way_back) {
    return SystemError(what, EPERM);
  }
  return absl::OkStatus();
}

absl::Status RenounceCapabilities() {
  if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) return SystemError("set no_new_privs", errno);
  EmptyBoundingSet();
  prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);  // falls with the permitted ones
  __user_cap_header_struct header = {};
  header.version = _LINUX_CAPABILITY_VERSION_3;
  __user_cap_data_struct none[_LINUX_CAPABILITY_U32S_3] = {};
  if (syscall(SYS_capset, &header, none) != 0) return SystemError("give up capabilities", errno);
  return absl::OkStatus();
}

absl::StatusOr<UniqueFd> OpenDirectoryFor(const UserId& user, const std::string& directory) {
  constexpr mode_t kMode = 0777;  // the umask decides
  constexpr int kFlags = O_RDONLY | O_DIRECTORY | O_CLOEXEC;
  // As the user where that can be, so that nothing has to change hands.
  const bool made_by_user = mkdir(directory.c_str(), kMode) == 0;
  if (UniqueFd fd(open(directory.c_str(), kFlags)); fd.valid()) {
    struct stat status {};
    if (fstat(fd.get(), &status) == 0 && (made_by_user || status.st_uid == user.uid)) {
      if (made_by_user) SyncParent(directory);
      return fd;
    }
  }
  if (absl::Status status = ActForFilesAsRoot(); !status.ok()) return status;
  const auto fail = [&](const char* what) {
    const int error = errno;
    const absl::Status back = ActForFilesAs(user);
    return back.ok() ? SystemError(absl::StrCat(what, " ", directory), error) : back;
  };
  if (mkdir(directory.c_str(), kMode) != 0 && errno != EEXIST) return fail("mkdir");
  UniqueFd fd(open(directory.c_str(), kFlags));
  if (!fd.valid()) return fail("open directory");
  struct stat status {};
  if (fstat(fd.get(), &status) != 0) return fail("stat");
  // One that holds something is not ours to give away; whoever writes there will be told.
  const bool ours = status.st_uid != user.uid && IsEmptyDirectory(fd.get());
  if (ours && fchown(fd.get(), user.uid, user.gid) != 0) return fail("chown");
  SyncParent(directory);
  if (absl::Status back = ActForFilesAs(user); !back.ok()) return back;
  return fd;
}

int LandlockVersion() {
  const long version = syscall(SYS_landlock_create_ruleset, nullptr, 0, LANDLOCK_CREATE_RULESET_VERSION);
  return version > 0 ? static_cast<int>(version) : 0;
}

absl::StatusOr<bool> RaiseFence(const Fence& fence) {
  const int version = LandlockVersion();
  if (version == 0) return false;
  landlock_ruleset_attr attributes = {};
  attributes.handled_access_fs = kRightsOfVersion1 | (version >= 2 ? kRefer : 0) | (version >= 3 ? kTruncate : 0);
  const UniqueFd ruleset(static_cast<int>(syscall(SYS_landlock_create_ruleset, &attributes, sizeof(attributes), 0)));
  if (!ruleset.valid()) return SystemError("make a Landlock ruleset", errno);
  const uint64_t all_but_execute = attributes.handled_access_fs & ~uint64_t{LANDLOCK_ACCESS_FS_EXECUTE};
  for (const int directory : fence.writable) {
    if (!AllowBeneath(ruleset.get(), directory, all_but_execute)) return SystemError("add a Landlock rule", errno);
  }
  for (const std::string& path : fence.readable) {
    const UniqueFd fd(open(path.c_str(), O_PATH | O_CLOEXEC));
    struct stat status {};
    if (!fd.valid() || fstat(fd.get(), &status) != 0) continue;
    const bool allowed = AllowBeneath(ruleset.get(), fd.get(), S_ISDIR(status.st_mode) ? kReadRights : kFileRights);
    if (!allowed && errno != EBADFD) {  // such a pipe is in no directory, and no fence concerns it
      return SystemError(absl::StrCat("add a Landlock rule for ", path), errno);
    }
  }
  // The kernel asks for this, so that no program with more rights can be started inside the fence.
  if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) return SystemError("set no_new_privs", errno);
  if (syscall(SYS_landlock_restrict_self, ruleset.get(), 0) != 0) return SystemError("raise the Landlock fence", errno);
  return true;
}

std::vector<std::string> SystemDirectories() { return {"/usr", "/lib", "/lib64", "/etc", "/proc/self"}; }

}  // namespace mxscan
