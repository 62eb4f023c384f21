"""The system calls that a program may make: an allow-list, so that new system calls are forbidden.

A call that is not listed answers ENOSYS, which libraries understand as "an older kernel" and work
around. A call that is listed as forbidden would be refused anyway, and is listed to answer EPERM
and to document the decision. Names are those of libseccomp; a name that it does not know is
left out, and so refused.
"""

_FILES = """
    access chdir chmod close close_range copy_file_range creat dup dup2 dup3 faccessat faccessat2 fadvise64 fallocate
    fchdir fchmod fchmodat fcntl fdatasync fgetxattr flistxattr flock fstat fstatfs fsync ftruncate futimesat getcwd
    getdents getdents64 getxattr lgetxattr link linkat listxattr llistxattr lseek lstat mkdir mkdirat newfstatat
    open openat openat2 pipe pipe2 pread64 preadv preadv2 pwrite64 pwritev pwritev2 read readlink readlinkat readv
    rename renameat renameat2 rmdir sendfile stat statfs statx symlink symlinkat truncate umask unlink unlinkat utime
    utimensat utimes write writev
"""
_MEMORY = "brk madvise mmap mprotect mremap munmap membarrier"
_WAITING = """
    epoll_create epoll_create1 epoll_ctl epoll_pwait epoll_pwait2 epoll_wait eventfd eventfd2 poll ppoll pselect6
    select timerfd_create timerfd_gettime timerfd_settime
"""
# For socketpair(), by which event loops wake themselves.
_PAIRS = "getsockname getsockopt recvfrom recvmsg sendmsg sendto setsockopt shutdown"
_TIME = """
    alarm clock_getres clock_gettime clock_nanosleep getitimer gettimeofday nanosleep setitimer time times
"""
_PROCESS = """
    arch_prctl exit exit_group futex get_robust_list getcpu getegid geteuid getgid getgroups getpgid getpgrp getpid
    getppid getpriority getrandom getresgid getresuid getrlimit getrusage getsid gettid getuid kill pause
    prlimit64 restart_syscall rseq rt_sigaction rt_sigpending rt_sigprocmask rt_sigqueueinfo rt_sigreturn
    rt_sigsuspend rt_sigtimedwait sched_getaffinity sched_getparam sched_getscheduler sched_yield set_robust_list
    set_tid_address setpriority setrlimit sigaltstack tgkill tkill uname wait4 waitid
"""

_REFUSED = """
    accept accept4 acct add_key adjtimex bind bpf chroot clock_adjtime clock_settime connect delete_module
    finit_module fork fsconfig fsmount fsopen fspick init_module io_uring_enter io_uring_register io_uring_setup ioperm
    iopl kexec_file_load kexec_load keyctl kcmp listen lookup_dcookie memfd_create memfd_secret mount mount_setattr
    move_mount name_to_handle_at open_by_handle_at open_tree perf_event_open personality pidfd_getfd pidfd_open
    pidfd_send_signal pivot_root process_madvise process_vm_readv process_vm_writev ptrace quotactl reboot
    request_key setdomainname sethostname setns settimeofday shmat shmget socket swapoff swapon syslog umount2
    unshare userfaultfd vfork vhangup
"""

ALLOWED = f"{_FILES} {_MEMORY} {_WAITING} {_PAIRS} {_TIME} {_PROCESS}".split()
FORBIDDEN = _REFUSED.split()

# Refused once Python runs: executing programs, and reading the filter.
FORBIDDEN_ONCE_STARTED = ("execve", "execveat", "seccomp")
