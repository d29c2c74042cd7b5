#include "io/privileges.h"

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
#include <climits>
#include <cstdlib>
#include <memory>
#include <string_view>
#include <utility>

#include "absl/strings/str_cat.h"
#include "io/file.h"
#include "io/system_error.h"

namespace mxscan {
namespace {

constexpr uid_t kNobody = 65534;         // where the user database does not say
constexpr mode_t kDirectoryMode = 0777;  // the umask decides

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

void SyncParent(const std::string& path) {
  const UniqueFd parent(open(ParentOf(path).c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (parent.valid()) fsync(parent.get());  // as well as this user can
}

// Where a path ends: the directory that holds its last part, and that part.
struct PathEnd {
  UniqueFd parent;
  std::string name;
};

// The parts of a path, last first.
std::vector<std::string> PartsOf(std::string_view path) {
  std::vector<std::string> parts;
  while (!path.empty()) {
    const size_t slash = path.rfind('/');
    const std::string_view part = slash == std::string_view::npos ? path : path.substr(slash + 1);
    if (!part.empty() && part != ".") parts.emplace_back(part);
    path = path.substr(0, slash == std::string_view::npos ? 0 : slash);
  }
  return parts;
}

// Whether nobody but root can put anything into this directory.
bool OnlyRootWritesTo(int fd) {
  struct stat status {};
  return fstat(fd, &status) == 0 && status.st_uid == 0 && (status.st_mode & (S_IWGRP | S_IWOTH)) == 0;
}

// Walks a path in which others may have a hand, part by part. A symbolic link is followed only where root alone can
// have put it, that is while every directory on the way was root's and writable by nobody else: root's rights must not
// lead to where somebody's link points.
absl::StatusOr<PathEnd> WalkAsRoot(const std::string& path) {
  constexpr int kLinksMax = 40;  // as the kernel has it
  constexpr int kFlags = O_PATH | O_NOFOLLOW | O_CLOEXEC;
  const auto fail = [&path](int error) { return SystemError("walk to " + path, error); };
  std::vector<std::string> parts = PartsOf(path);
  UniqueFd directory(open(path.starts_with('/') ? "/" : ".", kFlags));
  if (!directory.valid()) return fail(errno);
  if (parts.empty()) return PathEnd{std::move(directory), "."};
  bool trusted = OnlyRootWritesTo(directory.get());
  for (int links = 0;;) {
    const std::string part = std::move(parts.back());
    parts.pop_back();
    UniqueFd next(openat(directory.get(), part.c_str(), kFlags));
    struct stat status {};
    const bool found = next.valid() && fstat(next.get(), &status) == 0;
    if (!found && (errno != ENOENT || !parts.empty())) return fail(errno);
    if (found && S_ISLNK(status.st_mode)) {
      std::string target(PATH_MAX, '\0');
      if (!trusted || status.st_uid != 0 || ++links > kLinksMax) return fail(ELOOP);
      const ssize_t size = readlinkat(next.get(), "", target.data(), target.size());
      if (size <= 0) return fail(size < 0 ? errno : ENOENT);
      target.resize(static_cast<size_t>(size));
      if (target.starts_with('/')) directory = UniqueFd(open("/", kFlags));
      for (std::string& step : PartsOf(target)) parts.push_back(std::move(step));
      if (parts.empty()) parts.emplace_back(".");
      continue;
    }
    if (parts.empty()) return PathEnd{std::move(directory), part};
    directory = std::move(next);
    trusted = trusted && OnlyRootWritesTo(directory.get());
  }
}

// The calls have no error: they return what was before.
bool SetFileIds(uid_t uid, gid_t gid) {
  setfsgid(gid);
  setfsuid(uid);
  const auto nothing = static_cast<uid_t>(-1);
  return static_cast<gid_t>(setfsgid(nothing)) == gid && static_cast<uid_t>(setfsuid(nothing)) == uid;
}

// Lets the calling thread use a capability that it has, or stops that.
bool UseCapability(int capability, bool on) {
  __user_cap_header_struct header = {};
  header.version = _LINUX_CAPABILITY_VERSION_3;
  __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3] = {};
  if (syscall(SYS_capget, &header, data) != 0) return false;
  uint32_t& effective = data[CAP_TO_INDEX(capability)].effective;
  effective = on ? effective | CAP_TO_MASK(capability) : effective & ~CAP_TO_MASK(capability);
  return syscall(SYS_capset, &header, data) == 0;
}

// `fd` where the user that files are reached as owns the directory or may write to it.
absl::StatusOr<UniqueFd> IfWritable(UniqueFd fd, const UserId& user, const std::string& directory) {
  struct stat status {};
  if (fstat(fd.get(), &status) != 0) return SystemError("stat " + directory, errno);
  if (status.st_uid == user.uid || faccessat(fd.get(), ".", W_OK | X_OK, AT_EACCESS) == 0) return fd;
  return absl::PermissionDeniedError(absl::StrCat(directory, ": belongs to user ",
                                                  UserOf(status.st_uid, status.st_gid).name, ", and user ", user.name,
                                                  " cannot write there"));
}

// Root's part of OpenDirectoryFor. The directory is made as the user's from its first moment, by root's right to write
// anywhere. So nothing ever changes hands, and nothing that was there before can.
absl::StatusOr<UniqueFd> OpenAsRootFor(const UserId& user, const std::string& directory) {
  absl::StatusOr<PathEnd> end = WalkAsRoot(directory);
  if (!end.ok()) return end.status();
  if (!SetFileIds(user.uid, user.gid) || !UseCapability(CAP_DAC_OVERRIDE, true)) {
    return SystemError("mkdir " + directory, EPERM);
  }
  const bool made = mkdirat(end->parent.get(), end->name.c_str(), kDirectoryMode) == 0;
  const int error = errno;
  UniqueFd fd(openat(end->parent.get(), end->name.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
  const int open_error = errno;
  if (made) {
    const UniqueFd parent(openat(end->parent.get(), ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (parent.valid()) fsync(parent.get());
  }
  if (!UseCapability(CAP_DAC_OVERRIDE, false)) return SystemError("become user " + user.name, EPERM);
  if (!made && error != EEXIST) return SystemError("mkdir " + directory, error);
  if (!fd.valid()) return SystemError("open directory " + directory, open_error);
  return IfWritable(std::move(fd), user, directory);
}

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
// What may be read. The kernel refuses a rule about a file that names a right to directories.
constexpr uint64_t kReadFileRights = LANDLOCK_ACCESS_FS_READ_FILE;
constexpr uint64_t kReadDirectoryRights = kReadFileRights | LANDLOCK_ACCESS_FS_READ_DIR;

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

UserId RootUser() { return UserOf(0, 0); }

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

absl::Status RenounceCapabilities(Renounced renounced) {
  if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) return SystemError("set no_new_privs", errno);
  EmptyBoundingSet();
  prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);  // falls with the permitted ones
  __user_cap_header_struct header = {};
  header.version = _LINUX_CAPABILITY_VERSION_3;
  __user_cap_data_struct kept[_LINUX_CAPABILITY_U32S_3] = {};
  if (renounced == Renounced::kAllButWriting) {
    __user_cap_data_struct& word = kept[CAP_TO_INDEX(CAP_DAC_OVERRIDE)];
    word.permitted = word.effective = CAP_TO_MASK(CAP_DAC_OVERRIDE);
  }
  if (syscall(SYS_capset, &header, kept) != 0) return SystemError("give up capabilities", errno);
  return absl::OkStatus();
}

absl::StatusOr<UniqueFd> OpenDirectoryFor(const UserId& user, const std::string& directory) {
  // As the user where that can be: then no right of root's decides anything.
  const bool made = mkdir(directory.c_str(), kDirectoryMode) == 0;
  const int error = made ? 0 : errno;
  if (UniqueFd fd(open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)); fd.valid()) {
    if (made) SyncParent(directory);
    return IfWritable(std::move(fd), user, directory);
  }
  if (user.uid == 0) {  // nobody with more rights is left to ask
    if (!made && error != EEXIST) return SystemError("mkdir " + directory, error);
    return SystemError("open directory " + directory, errno);
  }
  if (absl::Status status = ActForFilesAsRoot(); !status.ok()) return status;
  absl::StatusOr<UniqueFd> fd = OpenAsRootFor(user, directory);
  if (absl::Status back = ActForFilesAs(user); !back.ok()) return back;
  return fd;
}

int LandlockVersion() {
  const long version = syscall(SYS_landlock_create_ruleset, nullptr, 0, LANDLOCK_CREATE_RULESET_VERSION);
  return version > 0 ? static_cast<int>(version) : 0;
}

uint64_t FencedRights(int landlock_version) {
  if (landlock_version < kLandlockVersionMin) return 0;
  return kRightsOfVersion1 | kRefer | (landlock_version >= 3 ? kTruncate : 0);
}

absl::StatusOr<bool> RaiseFence(const Fence& fence) {
  landlock_ruleset_attr attributes = {};
  attributes.handled_access_fs = FencedRights(LandlockVersion());
  if (attributes.handled_access_fs == 0) return false;
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
    const uint64_t rights = S_ISDIR(status.st_mode) ? kReadDirectoryRights : kReadFileRights;
    const bool allowed = AllowBeneath(ruleset.get(), fd.get(), rights);
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
