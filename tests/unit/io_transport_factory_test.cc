// Which transport OpenTransport gives, also where the kernel refuses io_uring.
#include <gtest/gtest.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include <cerrno>
#include <cstddef>

#include "io/transport_factory.h"

namespace mxscan {
namespace {

// From now on io_uring_setup says `error` in this process. False if that cannot be arranged.
bool RefuseUring(int error) {
  sock_filter filter[] = {
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, nr)),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_io_uring_setup, 0, 1),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | static_cast<uint32_t>(error)),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
  };
  const sock_fprog program{static_cast<unsigned short>(std::size(filter)), filter};
  return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 && prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) == 0;
}

// Runs `body` in a child; its result, or -1.
template <typename Body>
int InChild(Body body) {
  const pid_t child = fork();
  if (child == 0) _exit(body());
  int status = 0;
  if (waitpid(child, &status, 0) != child || !WIFEXITED(status)) return -1;
  return WEXITSTATUS(status);
}

TEST(TransportFactory, GivesWhatIsAskedFor) {
  std::string reason = "left over";
  auto uring = OpenTransport(IoChoice::kUring, {}, &reason);
  ASSERT_TRUE(uring.ok()) << uring.status();
  EXPECT_EQ((*uring)->name(), "uring");
  EXPECT_EQ(reason, "");
  auto mmsg = OpenTransport(IoChoice::kMmsg, {}, &reason);
  ASSERT_TRUE(mmsg.ok()) << mmsg.status();
  EXPECT_EQ((*mmsg)->name(), "mmsg");
  auto automatic = OpenTransport(IoChoice::kAuto, {}, &reason);
  ASSERT_TRUE(automatic.ok()) << automatic.status();
  EXPECT_EQ((*automatic)->name(), "uring");
  EXPECT_EQ(reason, "");
}

TEST(TransportFactory, AutoFallsBackWhereUringIsForbidden) {
  EXPECT_EQ(0, InChild([] {
              if (!RefuseUring(EPERM)) return 1;
              std::string reason;
              auto transport = OpenTransport(IoChoice::kAuto, {}, &reason);
              if (!transport.ok() || (*transport)->name() != "mmsg") return 2;
              if (reason.find("Operation not permitted") == std::string::npos) return 3;
              if (reason.find("seccomp") == std::string::npos) return 4;
              if (reason.find('\n') != std::string::npos) return 5;
              // And what it fell back to works.
              Inbox inbox;
              if (!(*transport)->OpenSocket({}).ok()) return 6;
              (*transport)->Wake();
              (*transport)->Poll(kNever, &inbox);
              return 0;
            }));
}

TEST(TransportFactory, AutoFallsBackWhereUringIsUnknown) {
  EXPECT_EQ(0, InChild([] {
              if (!RefuseUring(ENOSYS)) return 1;
              std::string reason;
              auto transport = OpenTransport(IoChoice::kAuto, {}, &reason);
              if (!transport.ok() || (*transport)->name() != "mmsg") return 2;
              return reason.find("Function not implemented") == std::string::npos ? 3 : 0;
            }));
}

TEST(TransportFactory, UringAskedForAndForbiddenIsAnError) {
  EXPECT_EQ(0, InChild([] {
              if (!RefuseUring(EPERM)) return 1;
              std::string reason;
              const auto transport = OpenTransport(IoChoice::kUring, {}, &reason);
              if (transport.ok() || !reason.empty()) return 2;
              return transport.status().code() == absl::StatusCode::kPermissionDenied ? 0 : 3;
            }));
}

}  // namespace
}  // namespace mxscan
